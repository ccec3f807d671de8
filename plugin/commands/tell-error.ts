import { toCniError } from "../../cni/translate.ts";
import type { Terminal } from "./command.ts";
import { type Caller, explainRefusal } from "./privilege.ts";

/** Says on stderr why a command ended: what failed, and what to do. */
export function tellError(
  error: unknown,
  caller: Caller,
  terminal: Pick<Terminal, "writeStderr">,
): void {
  const { msg, details } = toCniError(
    explainRefusal(error, caller),
    `run ${caller.command}`,
  ).toJSON("");
  const more = details === undefined ? "" : `\n  ${details}`;
  terminal.writeStderr(`crosslink: ${msg}${more}\n`);
}
