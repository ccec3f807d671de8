import { CniError, ErrorCode } from "./error.ts";

/**
 * The pairs of `CNI_ARGS`: `FOO=BAR;ABC=123` (SPEC.md 1.1.0 §2 "Parameters"). A key given twice
 * keeps its last value, as in libcni's `LoadArgs`; empty pairs are skipped.
 *
 * @param strict without it, pairs that are no pairs are skipped: a container whose ADD was refused
 *   for them must still be deletable
 * @throws CniError 4 when strict and a pair has no `=` or no key
 */
export function parseArguments(
  text: string,
  strict: boolean,
): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const pair of text.split(";")) {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
    if (key !== undefined && value !== undefined) pairs.set(key, value);
    else if (strict && pair !== "") throw invalid(`"${pair}" is not KEY=value`);
  }
  return pairs;
}

/**
 * Refuses keys that a plugin doesn't know, unless the runtime set `IgnoreUnknown`. Keys are
 * case-sensitive.
 *
 * @throws CniError 4 with the unknown pairs, or when `IgnoreUnknown` is no boolean
 */
export function requireKnownArguments(
  pairs: ReadonlyMap<string, string>,
  known: readonly string[],
): void {
  if (ignoresUnknown(pairs)) return;
  const unknown = [...pairs.keys()].filter(
    (key) => key !== "IgnoreUnknown" && !known.includes(key),
  );
  if (unknown.length === 0) return;
  throw invalid(
    `unknown ${unknown.map((key) => `"${key}"`).join(", ")}; remove them or add IgnoreUnknown=1`,
  );
}

function ignoresUnknown(pairs: ReadonlyMap<string, string>): boolean {
  const value = pairs.get("IgnoreUnknown") ?? "0";
  const number = ["0", "false", "1", "true"].indexOf(value.toLowerCase());
  if (number < 0) throw invalid(`IgnoreUnknown is "${value}", want 1 or 0`);
  return number >= 2;
}

function invalid(fact: string): CniError {
  return new CniError(
    ErrorCode.invalidEnvironment,
    `Cannot use CNI_ARGS: ${fact}`,
    {
      details:
        "the runtime sets CNI_ARGS, as KEY=value;KEY=value: correct it in the runtime's configuration, or in what calls the plugin",
    },
  );
}
