import { CniError, ErrorCode } from "../../../cni/error.ts";
import { rotate } from "../../kubernetes/join/rotate.ts";
import type { Terminal } from "../command.ts";
import type { Options } from "../options.ts";
import { accessFor } from "./access.ts";
import { later } from "./later.ts";
import { wordOf } from "./word.ts";

/** Longer than a watch may be silent before an agent lists again; seconds. */
const SETTLE_S = 180;

/** `crosslink rotate CLUSTER`: stays until the pair's key is another one on both sides. */
export function runRotate(options: Options, terminal: Terminal): number {
  const peer = wordOf(options, "rotate CLUSTER");
  const access = accessFor(options, terminal);
  const settleMs = secondsIn(options.settle ?? String(SETTLE_S)) * 1000;
  const work = async (): Promise<void> => {
    await rotate(access, {
      peer,
      settleMs,
      tell: (sentence) => {
        terminal.writeStdout(`${sentence}\n`);
      },
    });
    terminal.writeStdout(`The key shared with "${peer}" is rotated\n`);
  };
  return later("rotate", terminal, work());
}

function secondsIn(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot wait for "${text.slice(0, 20)}" seconds`,
    { details: `give --settle SECONDS, such as ${SETTLE_S}` },
  );
}
