import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { CniError, ErrorCode } from "../../cni/error.ts";
import { isErrno } from "../../files/errno.ts";
import {
  addEntry,
  entryText,
  isLastOnce,
  isOurs,
  pluginsOf,
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
 * The conflist that the runtime uses: the first of its folder.
 *
 * @throws CniError 7 where there is none yet, or the first one is not a list of plugins
 */
export function nodeConflist(folder: string): string {
  const first = listConfigurations(folder).find(isReadable);
  if (first === undefined) {
    throw new CniError(
      ErrorCode.invalidConfiguration,
      `Cannot find a conflist in "${folder}"`,
      {
        details:
          "crosslink comes after a base plugin: run `crosslink install` again when that has written its own, or name one with --conflist",
      },
    );
  }
  return first;
}

/**
 * Appends crosslink to a conflist. Returns whether that changed it.
 *
 * @throws CniError 7 for a file that is no conflist
 */
export function appendTo(conflist: string): boolean {
  return edit(conflist, (text) => {
    if (pluginsOf(text).length > 0) return addEntry(text);
    throw unusable(
      conflist,
      'it has no "plugins": a file for one plugin cannot have another one. Write it as a conflist: {"cniVersion", "name", "plugins": [ … ]}',
    );
  });
}

/**
 * Makes crosslink the last plugin of a conflist, once.
 *
 * @param entry its text where the conflist has none
 * @throws CniError 7 for a file that is no conflist, or has no other plugin
 */
export function keepEntry(
  conflist: string,
  entry?: string,
): { readonly isChanged: boolean; readonly entry: string } {
  let kept = "";
  const isChanged = edit(conflist, (text) => {
    requireOthers(conflist, text);
    const own = entryText(text) ?? entry;
    const changed = isLastOnce(text) ? text : addEntry(removeEntry(text), own);
    kept = entryText(changed) ?? "";
    return changed;
  });
  return { isChanged, entry: kept };
}

function requireOthers(conflist: string, text: string): void {
  if (pluginsOf(text).some((plugin) => !isOurs(plugin))) return;
  throw unusable(
    conflist,
    "it has no plugin before crosslink, which makes no interface of its own",
  );
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

/** The text of a conflist. @throws CniError 7 for what is not JSON */
export function readConflist(conflist: string): string {
  const text = readFileSync(conflist, "utf8");
  try {
    JSON.parse(text);
    return text;
  } catch (cause) {
    throw unusable(conflist, String(cause));
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
  );
}

/** Whether a configuration is JSON at all. */
export function isReadable(configuration: string): boolean {
  try {
    readConflist(configuration);
    return true;
  } catch {
    return false; // runtimes pass over it, too
  }
}

function unusable(conflist: string, fact: string): CniError {
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot use conflist "${conflist}"`,
    { details: fact },
  );
}
