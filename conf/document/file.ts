import { isUtf8 } from "node:buffer";
import { closeSync, fstatSync, type Stats } from "node:fs";
import { openReadable, readWithin } from "../../files/read.ts";
import { translateErrno } from "./errno.ts";
import { configurationError, fact, type Problem } from "./problem.ts";

/** What a file must be before its content is believed. */
export interface FileRules {
  /** What the file is called in messages, such as `cluster file`. */
  readonly kind: string;
  /** What to do where there is no such file. */
  readonly fixIfMissing: string;
  readonly byteLimit: number;
  /** Says what is wrong with the file's owner or mode, if anything is. */
  readonly check: (path: string, stats: Stats) => Problem | undefined;
}

/**
 * Reads a whole UTF-8 file, once its type, owner and mode have been checked on the opened file itself.
 *
 * Links are followed, since Kubernetes mounts a ConfigMap or Secret as links; what they lead to must be a
 * regular file. Opening doesn't wait for a FIFO's other end.
 *
 * @throws CniError 7 for a file that is missing, of the wrong type, refused by the rules, too large or not UTF-8;
 *   CniError 5 where the kernel fails to read it
 */
export function readFileChecked(path: string, rules: FileRules): string {
  const subject = `${rules.kind} "${path}"`;
  let descriptor: number | undefined;
  try {
    descriptor = openReadable(path);
    const stats = fstatSync(descriptor);
    const problem = checkType(stats) ?? rules.check(path, stats);
    if (problem !== undefined) throw configurationError(subject, problem);
    const bytes = readWithin(descriptor, rules.byteLimit);
    const text = bytes && decode(bytes);
    if (text !== undefined) return text;
    throw configurationError(
      subject,
      bytes
        ? fact("it is not UTF-8 text", "save it as UTF-8")
        : fact(
            `it is larger than ${rules.byteLimit} bytes`,
            `see whether it is the right file: head ${path}`,
          ),
    );
  } catch (error) {
    throw translateErrno(error, subject, rules.fixIfMissing);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function checkType(stats: Stats): Problem | undefined {
  if (stats.isFile()) return undefined;
  return fact(
    `it is ${typeName(stats)}, want a regular file`,
    "put the file there",
  );
}

function typeName(stats: Stats): string {
  if (stats.isDirectory()) return "a folder";
  if (stats.isFIFO()) return "a FIFO";
  return "a device";
}

/** The text without its byte order mark, or nothing where the bytes are not UTF-8. */
function decode(bytes: Buffer): string | undefined {
  if (!isUtf8(bytes)) return undefined;
  const text = bytes.toString("utf8");
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}
