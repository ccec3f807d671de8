/** A table as `iptables-legacy-save` prints it. */
export interface SavedTable {
  readonly chains: readonly SavedChain[];
  readonly rules: readonly SavedRule[];
}

interface SavedChain {
  readonly name: string;
  /** `-` for chains that are only jumped to. */
  readonly policy: string;
}

export interface SavedRule {
  readonly chain: string;
  /** What follows `-A CHAIN`, as printed. */
  readonly text: string;
  /** The same in words, quotes undone. */
  readonly words: readonly string[];
}

/** Reads the output of `iptables-legacy-save`: its tables by name. */
export function parseSave(output: string): Map<string, SavedTable> {
  const tables = new Map<
    string,
    { chains: SavedChain[]; rules: SavedRule[] }
  >();
  let table: { chains: SavedChain[]; rules: SavedRule[] } = NOWHERE;
  for (const line of output.split("\n")) {
    const [, name, chain, policy = ""] = LINE.exec(line) ?? [];
    const [, from, text = ""] = RULE.exec(line) ?? [];
    if (name !== undefined) {
      table = { chains: [], rules: [] };
      tables.set(name, table);
    }
    if (chain !== undefined) table.chains.push({ name: chain, policy });
    if (from !== undefined)
      table.rules.push({ chain: from, text, words: splitWords(text) });
  }
  return tables;
}

const NOWHERE = { chains: [], rules: [] };
const LINE = /^(?:\*(\S+)|:(\S+) (\S+))/;
const RULE = /^(?:\[\d+:\d+\] )?-A (\S+) ?(.*)$/;

/** The rule's target: what follows `-j` or `-g`. */
export function targetOf({ words }: SavedRule): string | undefined {
  const index = words.findIndex((word) => word === "-j" || word === "-g");
  return index < 0 ? undefined : words[index + 1];
}

/** What a rule says, in one form: iptables' versions differ in quotes and in what they leave out. */
export function legacyKey(text: string): string {
  return savedRuleKey(splitWords(text));
}

/** The same of words that are split already. */
export function savedRuleKey(words: readonly string[]): string {
  return words
    .join(" ")
    .replaceAll(/(^| )-[sd] (?:0\.0\.0\.0|::)\/0(?= |$)/g, "")
    .trim();
}

/** The comment that a rule carries, if it does. */
export function commentOf({ words }: SavedRule): string | undefined {
  const index = words.indexOf("--comment");
  return index < 0 ? undefined : words[index + 1];
}

// iptables-save quotes words that hold spaces or quotes, and puts a backslash before quotes inside.
function splitWords(text: string): string[] {
  // Most hold none, and there may be thousands.
  if (!text.includes('"')) return text.split(/\s+/).filter(Boolean);
  return Array.from(
    text.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g),
    ([, quoted, plain]) => quoted?.replaceAll(/\\(.)/g, "$1") ?? plain ?? "",
  );
}
