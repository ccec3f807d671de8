import { isObject } from "../../../cni/configuration.ts";
import type { Access } from "../api/access.ts";
import { type ApiObject } from "../api/object.ts";

/** A text of a Secret's data. */
export function textIn(
  secret: ApiObject | undefined,
  key: string,
): string | undefined {
  const data = (secret as { data?: unknown } | undefined)?.data;
  const text = isObject(data) ? data[key] : undefined;
  return typeof text === "string"
    ? Buffer.from(text, "base64").toString("utf8")
    : undefined;
}

/**
 * How a peer's API server is reached: by the token and the authority of the Secret as it is when it is asked for. Without an
 * authority its certificate has to be one that this machine's own list vouches for.
 */
export function peerAccess(
  server: string,
  secret: () => ApiObject | undefined,
): Access {
  return {
    server: server.replace(/\/+$/, ""),
    credentials: () => ({
      token: textIn(secret(), "token"),
      ca: textIn(secret(), "ca.crt"),
    }),
  };
}
