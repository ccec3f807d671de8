import { CniError, ErrorCode } from "../../../cni/error.ts";
import type { Options } from "../options.ts";

/**
 * The one word that a command needs.
 *
 * @param usage the command as it is typed
 * @throws CniError 7 where it is missing
 */
export function wordOf(
  { positionals: [word] }: Pick<Options, "positionals">,
  usage: string,
): string {
  if (word !== undefined) return word;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    "Cannot read the command line: a word is missing",
    { details: `type \`crosslink ${usage}\`` },
  );
}
