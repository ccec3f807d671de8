import { getRawAsset, isSea } from "node:sea";
import { CniError, ErrorCode } from "../../cni/error.ts";
import {
  install,
  type InstallTarget,
  type Tell,
  uninstall,
} from "../install/install.ts";
import type { Programs } from "../install/programs.ts";
import type { Terminal } from "./command.ts";
import { printManifests } from "./kubernetes/manifests.ts";
import type { Options } from "./options.ts";

/** `crosslink install`: one line a change. */
export function runInstall(options: Options, terminal: Terminal): number {
  const { flags } = options;
  if (flags.has("kubernetes")) return printManifests(options, terminal);
  refuseClusterWords(options);
  const target = {
    ...targetOf(options),
    dropIn: flags.has("drop-in"),
    wait: flags.has("wait"),
  };
  return report(options, terminal, (tell) => {
    install(ownPrograms(), target, tell);
  });
}

/** Who forgets --kubernetes must not have this node changed instead. */
function refuseClusterWords(options: Options): void {
  const stray = (["output", "name", "image"] as const).find(
    (word) => options[word] !== undefined,
  );
  if (stray === undefined) return;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot read the command line: --${stray} goes with --kubernetes`,
    { details: "type `crosslink install --kubernetes --output yaml`" },
  );
}

/** `crosslink uninstall`: one line a change. */
export function runUninstall(options: Options, terminal: Terminal): number {
  const target = { ...targetOf(options), force: options.flags.has("force") };
  return report(options, terminal, (tell) => {
    uninstall(target, tell);
  });
}

function targetOf({ root, conflist }: Options): InstallTarget {
  return {
    ...(root === undefined ? {} : { root }),
    ...(conflist === undefined ? {} : { conflist }),
  };
}

/** What was done is told even where the next step fails. */
function report(
  { json }: Options,
  { writeStdout }: Terminal,
  work: (tell: Tell) => void,
): number {
  const done: string[] = [];
  const notes: string[] = [];
  const lines: string[] = [];
  try {
    work((sentence, kind = "change") => {
      (kind === "change" ? done : notes).push(sentence);
      lines.push(sentence);
    });
    if (done.length === 0) lines.push("Nothing to do.");
    return 0;
  } finally {
    if (json) writeStdout(`${JSON.stringify({ done, notes })}\n`);
    else writeStdout(lines.map((line) => `${line}\n`).join(""));
  }
}

function ownPrograms(): Programs {
  if (isSea()) {
    return {
      launcher: new Uint8Array(getRawAsset("launcher")),
      full: process.execPath,
    };
  }
  throw new CniError(
    ErrorCode.io,
    "Cannot install what was not built: this is crosslink run from its sources",
    {
      details: "run `npm run build`, then `dist/crosslink install`",
    },
  );
}
