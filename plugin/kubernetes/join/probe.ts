import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { CniError, ErrorCode } from "../../../cni/error.ts";
import type { Access } from "../api/access.ts";
import { asObject } from "../api/object.ts";
import { removeObject } from "../api/remove.ts";
import { ask } from "../api/request.ts";
import { PATHS, PROBE, SYSTEM } from "../names.ts";
import { putSecret } from "./objects.ts";
import { textIn } from "./peer-secret.ts";

/** An API server that a cluster's publisher is to read. */
export interface Way {
  readonly server: string;
  /** PEM; "" where any machine's own list vouches for it. */
  readonly ca: string;
  /** Whose publisher is to get there. */
  readonly from: string;
}

/** Where one publisher has ended another one works after at most 17 s; it gathers what happens for less than one, and tries for five. */
const PATIENCE_MS = 25_000;
const PAUSE_MS = 200;

/**
 * Has a cluster's publisher try the way to another API server: what an admin's machine reaches, pods need not. The question is a Secret,
 * which is gone afterwards.
 *
 * @param warn told where no publisher answers, which nobody could join without
 * @throws CniError 7 where it does not get there; rejects with ApiError
 */
export async function requireWay(
  access: Access,
  { server, ca, from }: Way,
  warn: (sentence: string) => void,
): Promise<void> {
  const name = `${PROBE}${randomBytes(4).toString("hex")}`;
  const path = `${PATHS.secrets}/${name}`;
  await putSecret(access, { name, namespace: SYSTEM }, { server, ca });
  try {
    const trouble = await answerTo(access, path);
    if (trouble === undefined)
      warn(
        `The publisher of "${from}" does not answer: whether it reaches ${server} is not known`,
      );
    else if (trouble !== "") throw unreached(from, server, trouble);
  } finally {
    await removeObject(access, path);
  }
}

/** What keeps it from there, "" where nothing does; undefined where nobody says. */
async function answerTo(
  access: Access,
  path: string,
): Promise<string | undefined> {
  const endMs = performance.now() + PATIENCE_MS;
  while (performance.now() < endMs) {
    const secret = asObject(await ask(access, { path }));
    const trouble = textIn(secret, "trouble");
    if (trouble !== undefined) return trouble;
    await pause(PAUSE_MS);
  }
  return undefined;
}

function unreached(from: string, server: string, trouble: string): CniError {
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot join: from inside of "${from}" ${server} is not reached`,
    {
      details: `${trouble.slice(0, 400)}. Open the way there for the pods of "${from}", or have it be read by another URL: --server; where there is none, \`crosslink export\` and \`crosslink import\` carry the same`,
    },
  );
}
