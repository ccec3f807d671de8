import { parseArgs } from "node:util";
import { CniError, ErrorCode } from "../../cni/error.ts";
import { nearest } from "../../conf/document/nearest.ts";
import type { Command } from "./command.ts";
import { type Described, OPTIONS } from "./option-table.ts";
import type { Options } from "./options.ts";

/** What a command takes of the words after its name. */
export type Taking = Pick<Command, "name" | "takes" | "flags" | "words">;

/**
 * Reads the words after a command's name.
 *
 * What the command would not look at is refused, so that nobody believes in it: `--clusters` with a command that reads no
 * cluster file, a word too many. Of an option that is given twice the last one counts, as in other programs: a script may
 * append its own.
 *
 * @param others all commands, of which one may take what this one does not
 * @throws CniError 7 that names the word, and who takes it
 */
export function parseOptions(
  args: readonly string[],
  command: Taking,
  others: readonly Taking[],
): Options {
  const { tokens, positionals } = parseArgs({
    args: [...args],
    options: parserOptions([command, ...others]),
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const given = new Map<string, string | undefined>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const { name, rawName, value } = token;
    if (!taken(command).includes(name))
      throw refuseOption(rawName, command, others);
    if (valueOf(name) === undefined) {
      if (value !== undefined) throw misuse(`${rawName} takes no value`);
    } else if (value === undefined || (!token.inlineValue && isOption(value))) {
      throw misuse(
        `${rawName} needs a value`,
        `write ${rawName} ${valueOf(name)}`,
      );
    }
    given.set(name, value);
  }
  requireFewWords(positionals, command);
  const kubeconfigs = tokens.flatMap((token) =>
    token.kind === "option" && token.name === "kubeconfig"
      ? (token.value ?? [])
      : [],
  );
  return {
    ...collect(given, command),
    ...(kubeconfigs.length > 1 ? { kubeconfigs } : {}),
    positionals,
  };
}

function parserOptions(
  commands: readonly Taking[],
): Record<string, { type: "string" | "boolean" }> {
  const names = new Set(commands.flatMap(taken));
  return Object.fromEntries(
    [...names].map((name) => [
      name,
      { type: valueOf(name) === undefined ? "boolean" : "string" },
    ]),
  );
}

function taken({ takes, flags = {} }: Taking): string[] {
  return [...takes, ...Object.keys(flags)];
}

/** What stands for an option's value; undefined for a flag. */
function valueOf(name: string): string | undefined {
  const options: Readonly<Record<string, Described>> = OPTIONS;
  return Object.hasOwn(options, name) ? options[name]?.value : undefined;
}

function isOption(word: string): boolean {
  return word.startsWith("-") && word !== "-";
}

/** An option's name in {@link Options}, where it is spelt otherwise. */
const FIELDS: Readonly<Record<string, string>> = {
  "cluster-pod-cidrs": "clusterPodCidrs",
  "data-dir": "dataDir",
  "default-nic": "defaultNic",
  "ip-family": "ipFamily",
  "network-type": "networkType",
  "node-elasticip": "nodeElasticip",
  "runtime-endpoint": "runtimeEndpoint",
};

function collect(
  given: ReadonlyMap<string, string | undefined>,
  { flags = {} }: Taking,
): Omit<Options, "positionals"> {
  const values = [...given].flatMap(([name, value]) =>
    value === undefined ? [] : [[FIELDS[name] ?? name, value] as const],
  );
  return {
    ...Object.fromEntries(values),
    json: given.has("json"),
    flags: new Set(Object.keys(flags).filter((flag) => given.has(flag))),
  };
}

function refuseOption(
  rawName: string,
  command: Taking,
  others: readonly Taking[],
): CniError {
  const name = rawName.replace(/^--?/, "");
  const takers = others.filter((other) => taken(other).includes(name));
  if (rawName.startsWith("--") && takers.length > 0) {
    const names = takers.map((taker) => `\`crosslink ${taker.name}\``);
    return misuse(
      `\`crosslink ${command.name}\` takes no ${rawName}`,
      `${inWords(names)} ${takers.length === 1 ? "does" : "do"}; ${listTaken(command)}`,
    );
  }
  const meant = nearest(name, taken(command));
  return misuse(
    `there is no option ${rawName}`,
    meant === undefined
      ? listTaken(command)
      : `did you mean --${meant}? ${listTaken(command)}`,
  );
}

function listTaken(command: Taking): string {
  const names = taken(command).map((name) => `--${name}`);
  return names.length === 0
    ? `\`crosslink ${command.name}\` takes no option`
    : `\`crosslink ${command.name}\` takes ${inWords(names)}`;
}

function requireFewWords(
  words: readonly string[],
  { name, words: known }: Taking,
): void {
  const most = known?.most ?? 0;
  const extra = words[most];
  if (extra === undefined) return;
  throw misuse(
    `the word "${extra}" is one too many for \`crosslink ${name}\``,
    known === undefined
      ? "leave it out; options begin with --, and `crosslink --help` lists them"
      : `it takes ${known.are}`,
  );
}

function inWords(names: readonly string[]): string {
  return names.length < 2
    ? names.join("")
    : `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;
}

function misuse(
  fact: string,
  details = "`crosslink --help` shows how it is written",
): CniError {
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot read the command line: ${fact}`,
    { details },
  );
}
