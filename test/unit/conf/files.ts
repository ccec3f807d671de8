import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { CniError } from "../../../cni/error.ts";

/** A folder that only root can write to, gone when the test ends. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "crosslink-conf-"));
  chmodSync(path, 0o755);
  onTestFinished(() => {
    rmSync(path, { recursive: true, force: true });
  });
  return path;
}

/** Writes files by name: text as it is, anything else as JSON. Mode 0600, whatever the umask. */
export function writeFiles(
  folder: string,
  files: Readonly<Record<string, unknown>>,
): string {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    const isText = typeof content === "string" || content instanceof Uint8Array;
    writeFileSync(path, isText ? content : JSON.stringify(content, null, 2));
    chmodSync(path, 0o600);
  }
  return folder;
}

/** The error that `action` throws, as what an admin reads; the folder's name is replaced by `DIR`. */
export function refusal(
  action: () => unknown,
  folder = "\0",
): { code: number; msg: string; details: string | undefined } {
  try {
    action();
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    const { code, msg, details } = error.toJSON("1.1.0");
    const short = (text: string): string => text.replaceAll(folder, "DIR");
    return { code, msg: short(msg), details: details && short(details) };
  }
  throw new Error("Nothing was refused");
}
