import { readdirSync, realpathSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { CniError, ErrorCode } from "../../cni/error.ts";
import { isObject } from "../../cni/configuration.ts";
import { type FileRules, readFileChecked } from "../../conf/document/file.ts";
import { findSyntaxProblem, positionAt } from "../../conf/document/json.ts";
import { isErrno } from "../../files/errno.ts";
import { flawOf } from "./chain.ts";
import {
  addEntry,
  entryText,
  isLastOnce,
  removeEntry,
} from "./conflist-text.ts";
import { replaceFile } from "../../files/replace.ts";

/** What runtimes take for a configuration. */
const ENDINGS: ReadonlySet<string> = new Set([".conflist", ".conf", ".json"]);

/** How often a conflist is read again that another program changes at the same moment. */
const TRIES = 10;

/** The configurations of a folder in the order that runtimes read them; none where there is no folder. */
export function listConfigurations(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map(({ name }) => name)
      .filter((name) => ENDINGS.has(extname(name)))
      .sort()
      .map((name) => join(folder, name));
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
}

/**
 * Makes crosslink the last plugin of a conflist, once.
 *
 * @param entry its text where the conflist has none
 * @throws CniError 7 for a file that is no conflist, or that serves no pod then
 */
export function keepEntry(
  conflist: string,
  entry?: string,
): { readonly isChanged: boolean; readonly entry: string } {
  let kept = "";
  const isChanged = edit(conflist, (text) => {
    requireUsable(conflist, text);
    const own = entryText(text) ?? entry;
    const changed = isLastOnce(text) ? text : addEntry(removeEntry(text), own);
    kept = entryText(changed) ?? "";
    return changed;
  });
  return { isChanged, entry: kept };
}

function requireUsable(conflist: string, text: string): void {
  const flaw = flawOf(conflist, text);
  if (flaw !== undefined) throw unusable(conflist, flaw);
}

/** Takes crosslink out of a conflist. Returns whether that changed it; a file that is no conflist stays. */
export function removeFrom(conflist: string): boolean {
  return edit(conflist, (text) => {
    try {
      return removeEntry(text);
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw unusable(conflist, `${cause.message}: delete the file`);
    }
  });
}

/** More than any conflist has: Multus' with all of its delegates is far below. */
const RULES: FileRules = {
  kind: "conflist",
  fixIfMissing: "name one that is there, or let the base plugin write its own",
  byteLimit: 1024 * 1024,
  check: () => undefined,
};

/** The text of a conflist, which is a JSON object. @throws CniError 7 for what is no file, too large, or not JSON */
export function readConflist(conflist: string): string {
  const text = readFileChecked(conflist, RULES);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unusable(conflist, notJson(text));
  }
  if (isObject(value)) return text;
  throw unusable(conflist, "it is JSON, but no object");
}

/** Not the parser's own message, which repeats the text. */
function notJson(text: string): string {
  if (text.trim() === "") return "it is empty";
  const found = findSyntaxProblem(text);
  if (found === undefined) return "it is not JSON";
  const { line, column } = positionAt(text, found.offset);
  return `it is not JSON at line ${String(line)}, column ${String(column)}: ${found.fact}`;
}

/** What keeps a configuration from being read, where anything does. */
export function troubleWith(configuration: string): string | undefined {
  try {
    readConflist(configuration);
    return undefined;
  } catch (error) {
    if (!(error instanceof CniError)) return String(error);
    return error.message.replace(/^[^"]*"[^"]*": /, "");
  }
}

/** Base plugins write their conflists whenever they like: what was written in between must not get lost. */
function edit(conflist: string, change: (text: string) => string): boolean {
  const path = realpathSync(conflist); // a link stays a link
  for (let tries = 0; tries < TRIES; tries += 1) {
    const before = statSync(path);
    const text = readConflist(path);
    const changed = change(text);
    if (changed === text) return false;
    const now = statSync(path);
    if (now.ino !== before.ino || now.mtimeMs !== before.mtimeMs) continue;
    replaceFile(path, changed, before);
    return true;
  }
  throw new CniError(
    ErrorCode.tryAgainLater,
    `Cannot change "${conflist}": another program writes it all the time`,
    {
      details: `nothing was changed. See who does (fuser -v ${conflist}; the base plugin's installer?), and run \`crosslink install\` again`,
    },
  );
}

/** Whether a configuration can be read at all. */
export function isReadable(configuration: string): boolean {
  return troubleWith(configuration) === undefined;
}

function unusable(conflist: string, fact: string): CniError {
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot use conflist "${conflist}": ${fact}`,
    { details: "correct the file, or name another one with --conflist" },
  );
}
