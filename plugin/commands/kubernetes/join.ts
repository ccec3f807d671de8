import { writeFileSync } from "node:fs";
import { CniError, ErrorCode } from "../../../cni/error.ts";
import { isErrno } from "../../../files/errno.ts";
import {
  invitationText,
  readInvitation,
} from "../../kubernetes/join/invitation.ts";
import { invite } from "../../kubernetes/join/invite.ts";
import { readKubeconfig } from "../../kubernetes/api/kubeconfig.ts";
import { joinBoth, type JoiningBoth } from "../../kubernetes/join/both.ts";
import { join } from "../../kubernetes/join/join.ts";
import { leave } from "../../kubernetes/join/leave.ts";
import { readGiven } from "../../kubernetes/given.ts";
import type { Terminal } from "../command.ts";
import type { Options } from "../options.ts";
import { accessFor } from "./access.ts";
import { allowedIn } from "./allowed.ts";
import { later } from "./later.ts";
import { ownWords } from "./own-words.ts";
import { wordOf } from "./word.ts";

/** `crosslink invite CLUSTER`: writes the invitation into a file for its owner alone, and prints its name, not its content. */
export function runInvite(options: Options, terminal: Terminal): number {
  const to = wordOf(options, "invite CLUSTER --cluster-pod-cidrs CIDR");
  const access = accessFor(options, terminal);
  const { server = access.server } = options;
  const allowedCIDRs = allowedIn(options, `invite "${to}"`);
  const work = async (): Promise<void> => {
    const made = await invite(access, {
      ...{ to, server, allowedCIDRs },
      warn: warnOn(terminal),
    });
    const path = `invitation-${to}.json`;
    writeOnce(path, invitationText(made));
    terminal.writeStdout(
      `Wrote ${path}, a secret until ${made.expires}. Whoever administers "${to}" runs: crosslink join ${path}\n`,
    );
  };
  return later("invite", terminal, work());
}

/** `crosslink join FILE`, or, for who has both clusters' kubeconfigs, `join --kubeconfig A --kubeconfig B`. */
export function runJoin(options: Options, terminal: Terminal): number {
  const words = ownWords(options);
  tellOfNic(options, terminal);
  const { kubeconfigs = [], positionals } = options;
  const [first, second, ...more] = kubeconfigs;
  if (second !== undefined && first !== undefined) {
    requireTwo([...positionals, ...more], options);
    const both = {
      inviter: readKubeconfig(first),
      joiner: readKubeconfig(second),
      words,
    };
    return later("join", terminal, joinTwo(both, terminal));
  }
  const path = wordOf(options, "join FILE");
  const fix = "give the file that `crosslink invite` wrote";
  const text = readGiven(path, "the invitation", fix);
  const invitation = readInvitation(text, Date.now());
  const access = accessFor(options, terminal);
  const { server = access.server } = options;
  const work = async (): Promise<void> => {
    const warn = warnOn(terminal);
    await join(access, { invitation, server, words, warn });
    terminal.writeStdout(
      `Joined "${invitation.from}"; \`crosslink peers\` shows when both have read each other. The invitation is used up: rm ${path}\n`,
    );
  };
  return later("join", terminal, work());
}

async function joinTwo(
  both: Omit<JoiningBoth, "warn">,
  terminal: Terminal,
): Promise<void> {
  const [from, to] = await joinBoth({ ...both, warn: warnOn(terminal) });
  terminal.writeStdout(
    `Joined "${to}" with "${from}"; \`crosslink peers\` shows when both have read each other\n`,
  );
}

function requireTwo(extra: readonly string[], { server }: Options): void {
  if (extra.length === 0 && server === undefined) return;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    "Cannot read the command line: two kubeconfigs join two clusters, with no file and no --server",
    {
      details:
        "type `crosslink join --kubeconfig A --kubeconfig B`; each one's server is the URL by which the other's pods reach it",
    },
  );
}

/** kosmosctl looks for a node's address there. */
function tellOfNic({ defaultNic }: Options, { writeStdout }: Terminal): void {
  if (defaultNic !== undefined)
    writeStdout(
      `--default-nic ${defaultNic} changes nothing: a node's address is its Node's InternalIP, and the kernel's routes say by which interface it leaves\n`,
    );
}

/** `crosslink leave CLUSTER`. */
export function runLeave(options: Options, terminal: Terminal): number {
  const peer = wordOf(options, "leave CLUSTER");
  const access = accessFor(options, terminal);
  const work = async (): Promise<void> => {
    await leave(access, peer);
    terminal.writeStdout(
      `Left "${peer}" on this side. Its tunnels go with its file; what is fenced stays so on each node until: crosslink forget ${peer}\n`,
    );
  };
  return later("leave", terminal, work());
}

/** Not among what a script reads. */
function warnOn({ writeStderr }: Terminal): (sentence: string) => void {
  return (sentence) => {
    writeStderr(`crosslink: ${sentence}\n`);
  };
}

/** Never over another, which may be somebody's only copy. */
function writeOnce(path: string, text: string): void {
  try {
    writeFileSync(path, text, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new CniError(ErrorCode.io, `Cannot write "${path}": ${error.code}`, {
      details:
        "move an older one away, or go to a folder of yours, and invite again",
      cause: error,
    });
  }
}
