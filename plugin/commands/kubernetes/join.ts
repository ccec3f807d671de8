import { writeFileSync } from "node:fs";
import { CniError, ErrorCode } from "../../../cni/error.ts";
import { isErrno } from "../../../files/errno.ts";
import {
  invitationText,
  readInvitation,
} from "../../kubernetes/join/invitation.ts";
import { invite } from "../../kubernetes/join/invite.ts";
import { join } from "../../kubernetes/join/join.ts";
import { leave } from "../../kubernetes/join/leave.ts";
import { readGiven } from "../../kubernetes/given.ts";
import type { Terminal } from "../command.ts";
import type { Options } from "../options.ts";
import { accessFor } from "./access.ts";
import { allowedIn } from "./allowed.ts";
import { later } from "./later.ts";
import { wordOf } from "./word.ts";

/** `crosslink invite CLUSTER`: writes the invitation into a file for its owner alone, and prints its name, not its content. */
export function runInvite(options: Options, terminal: Terminal): number {
  const to = wordOf(options, "invite CLUSTER --cluster-pod-cidrs CIDR");
  const access = accessFor(options, terminal);
  const { server = access.server } = options;
  const allowedCIDRs = allowedIn(options, `invite "${to}"`);
  const work = async (): Promise<void> => {
    const made = await invite(access, { to, server, allowedCIDRs });
    const path = `invitation-${to}.json`;
    writeOnce(path, invitationText(made));
    terminal.writeStdout(
      `Wrote ${path}, a secret until ${made.expires}. Whoever administers "${to}" runs: crosslink join ${path}\n`,
    );
  };
  return later("invite", terminal, work());
}

/** `crosslink join FILE`. */
export function runJoin(options: Options, terminal: Terminal): number {
  const path = wordOf(options, "join FILE");
  const invitation = readInvitation(
    readGiven(path, {
      kind: "invitation",
      fix: "give the file that `crosslink invite` wrote",
    }),
    Date.now(),
  );
  const access = accessFor(options, terminal);
  const { server = access.server } = options;
  const work = async (): Promise<void> => {
    await join(access, invitation, server);
    terminal.writeStdout(
      `Joined "${invitation.from}"; \`crosslink peers\` shows when both have read each other. The invitation is used up: rm ${path}\n`,
    );
  };
  return later("join", terminal, work());
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
