import type { Log } from "../../kernel/log.ts";
import type { Access } from "../api/access.ts";
import { ApiError, isStatus } from "../api/error.ts";
import type { ApiObject } from "../api/object.ts";
import { removeObject } from "../api/remove.ts";
import { begin } from "../api/request.ts";
import { patchSecret } from "../join/objects.ts";
import { textIn } from "../join/peer-secret.ts";
import { requireReachableUrl } from "../join/preflight.ts";
import { identityOf } from "../kinds.ts";
import { PATHS, PROBE, SYSTEM } from "../names.ts";

/** Answers what was not answered yet, without being waited for. */
export type Probes = (secrets: readonly ApiObject[]) => void;

const PATIENCE_MS = 5_000;

/** Whoever asked has long gone. */
const OLD_MS = 600_000;

/** Tries, from where this publisher is, the ways that somebody who joins asks about (`../join/probe.ts`). */
export function probes(access: Access, log: Log): Probes {
  let begun = new Set<string>();
  return (secrets) => {
    const asked = secrets.filter(
      (secret) =>
        secret.metadata.name.startsWith(PROBE) &&
        (textIn(secret, "trouble") === undefined || isOld(secret)),
    );
    const fresh = asked.filter((secret) => !begun.has(identityOf(secret)));
    begun = new Set(asked.map(identityOf));
    for (const secret of fresh)
      void answer(access, secret).catch((error: unknown) => {
        if (isStatus(error, 404)) return; // nobody waits for it any more
        const fact = error instanceof Error ? error.message : "";
        log("warn", `Cannot answer whether an API server is reached: ${fact}`);
      });
  };
}

function isOld({ metadata: { creationTimestamp } }: ApiObject): boolean {
  return Date.now() - Date.parse(creationTimestamp ?? "") > OLD_MS;
}

async function answer(access: Access, secret: ApiObject): Promise<void> {
  const { name } = secret.metadata;
  if (isOld(secret)) {
    await removeObject(access, `${PATHS.secrets}/${name}`);
    return;
  }
  const trouble = await troubleTo(secret);
  await patchSecret(access, { name, namespace: SYSTEM }, { trouble });
}

/** Whatever it answers to nobody in particular, it answers. */
async function troubleTo(secret: ApiObject): Promise<string> {
  const [server = "", ca = ""] = ["server", "ca"].map((key) =>
    textIn(secret, key),
  );
  try {
    requireReachableUrl(server);
    const credentials = () => (ca === "" ? {} : { ca });
    const asked = { path: "/version", patienceMs: PATIENCE_MS };
    const { abort } = await begin({ server, credentials }, asked);
    abort();
    return "";
  } catch (error) {
    if (error instanceof ApiError && error.status > 0) return "";
    return error instanceof Error ? error.message : String(error);
  }
}
