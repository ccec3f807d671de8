import { CniError, ErrorCode } from "../../cni/error.ts";
import { readClaims } from "../../conf/claims.ts";
import { namesIn } from "../../conf/folder-names.ts";
import type { Memory } from "../fence/decide.ts";
import { recall, remember } from "../fence/memory.ts";
import { raiseFence } from "../fence/raise.ts";
import type { Cidr } from "../../ip/cidr.ts";
import { silent } from "../kernel/log.ts";
import { withNodeLock } from "../kernel/lock.ts";
import { type Session, withSession } from "../kernel/session.ts";
import { tunnelsInto } from "../node/tunnels-into.ts";
import { applyOperations } from "../reconcile/apply.ts";
import type { Terminal } from "./command.ts";
import { type Options, configurationFor } from "./options.ts";

/**
 * `crosslink forget CLUSTER`: takes down the fence of a cluster whose file has gone, and what tunnels there
 * still are, and prints what that opened. With `teardown` the only way. Whoever says it twice opens nothing the second time.
 *
 * @throws CniError 7 where the cluster's file is there
 */
export function runForget(options: Options, terminal: Terminal): number {
  const [name] = options.positionals;
  if (name === undefined)
    throw new CniError(
      ErrorCode.invalidConfiguration,
      "Cannot forget: which cluster?",
      { details: "crosslink forget CLUSTER; `crosslink status` has the names" },
    );
  const { clustersDir } = configurationFor(options);
  const kernel = terminal.kernel();
  const opened = withSession(kernel, (session) =>
    withNodeLock(kernel, () => forget(session, name, clustersDir)),
  );
  const cidrs = opened.map(({ text }) => text);
  terminal.writeStdout(
    options.json
      ? `${JSON.stringify({ cluster: name, opened: cidrs })}\n`
      : toText(name, cidrs),
  );
  return 0;
}

/** Called with the lock held. The kernel first: what is remembered and open is closed again by the next look. */
function forget(
  session: Session,
  name: string,
  clustersDir: string,
): readonly Cidr[] {
  const claims = readClaims(namesIn(clustersDir));
  if (claims.some((claim) => claim.name === name))
    throw present(name, clustersDir);
  const { memory } = recall(session.kernel, clustersDir);
  const clusters = new Map(memory.clusters);
  const released = clusters.get(name)?.cidrs ?? [];
  clusters.delete(name);
  const wanted = [...clusters.values()].flatMap(({ cidrs }) => cidrs);
  const still = new Set(wanted.map(({ text }) => text));
  const opened = released.filter(({ text }) => !still.has(text));
  // A tunnel that no file speaks of any more would still take what is to follow the node's routes.
  applyOperations(session, tunnelsInto(session, opened, wanted));
  raiseFence(session, { wanted, released }, silent);
  const next: Memory = { ...memory, clusters };
  if (released.length > 0) remember(session.kernel, next, memory);
  return opened;
}

function present(name: string, folder: string): CniError {
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot forget cluster "${name}": its file is in "${folder}"`,
    {
      details:
        'remove the file first, and its slices, on every node; or, for a network that is to be reached in clear text, write "encryption": "none" into it',
    },
  );
}

function toText(name: string, opened: readonly string[]): string {
  if (opened.length === 0)
    return `Nothing to open: nothing of cluster "${name}" alone is fenced here.\n`;
  return opened
    .map(
      (cidr) => `opened ${cidr}: it follows the node's routes, in clear text\n`,
    )
    .join("");
}
