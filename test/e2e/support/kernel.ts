import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import { commandFile } from "../../support/guest/guest.ts";
import type { Ended, OnOutput } from "../../support/guest/lane.ts";
import { guestKernels, guestMissing } from "../../support/guest/machine.ts";
import { hasModule } from "../../support/guest/modules.ts";
import { runInGuest, runProgramInGuest } from "../../support/guest/program.ts";
import { namespace } from "../../support/namespace.ts";

/** Why this machine's kernel cannot encrypt as crosslink does; undefined when it can. Looks by trying. */
export function espMissing(): string | undefined {
  using scratch = namespace();
  const association = [
    ...["src", "192.0.2.1", "dst", "192.0.2.2"],
    ...["proto", "esp", "spi", "0x1000", "mode", "tunnel"],
    ...["aead", "rfc4106(gcm(aes))", `0x${"00".repeat(20)}`, "128"],
  ];
  const tried = scratch.try("ip", "xfrm", "state", "add", ...association);
  return tried.status === 0 ? undefined : tried.stderr.trim();
}

/** Why no scene can run on this machine; undefined when one can. */
export function scenesMissing(): string | undefined {
  return espMissing() === undefined ? undefined : guestMissing();
}

/** Why a scene cannot do what needs this module of its kernel; undefined when it can. */
export function moduleMissing(name: string): string | undefined {
  const kernel = espMissing() === undefined ? release() : guestKernels().at(-1);
  if (kernel === undefined || hasModule(`/lib/modules/${kernel}`, name))
    return undefined;
  return `needs the kernel module ${name}, which ${kernel} has not: on Ubuntu, apt-get install linux-modules-extra-${kernel}`;
}

/** How a scene is run. */
export interface SceneOptions {
  readonly onOutput?: OnOutput;
  /** 1,500 unless said otherwise: emulated, beside two others, on a busy machine, a scene may take minutes. */
  readonly timeoutSeconds?: number;
  /** Plays on this machine's kernel, whatever it can: a guest is ten times as slow. */
  readonly withoutEsp?: boolean;
  /** Plays in a guest of its own, where these kernel modules were loaded and no others, whatever this machine can. */
  readonly modules?: readonly string[];
  /** What the scene needs and is still being made; a guest boots meanwhile. Where this rejects, so does the run. */
  readonly needed?: Promise<unknown>;
}

/**
 * Runs a TypeScript file where ESP is: on this machine's kernel, else in a guest over this machine's files. Either way it
 * has namespaces and a /run of its own, and whatever it leaves behind ends with them.
 */
export async function runScene(
  script: readonly string[],
  {
    withoutEsp = false,
    timeoutSeconds: seconds = 1500,
    modules,
    needed,
    onOutput,
  }: SceneOptions = {},
): Promise<Ended> {
  if (modules !== undefined)
    return runProgramInGuest(script, { seconds, modules }, onOutput, needed);
  if (!withoutEsp && espMissing() !== undefined)
    return runProgramInGuest(script, { seconds }, onOutput, needed);
  await needed;
  return runHere([process.execPath, ...script], seconds, onOutput);
}

/** The same for a command. */
export function runWhereEspIs(
  command: readonly string[],
  seconds = 1500,
): Promise<Ended> {
  return espMissing() === undefined
    ? runHere(command, seconds)
    : runInGuest({ command, seconds });
}

const room = join(import.meta.dirname, "../../support/guest/room.sh");

/** As a guest does (see worker.sh), but on this machine's files. */
async function runHere(
  command: readonly string[],
  seconds: number,
  onOutput?: OnOutput,
): Promise<Ended> {
  const folder = mkdtempSync(join(tmpdir(), "crosslink-scene-"));
  try {
    const file = join(folder, "command");
    writeFileSync(file, commandFile({ command }));
    const namespaces = [
      "--mount",
      "--net",
      "--pid",
      "--ipc",
      "--uts",
      "--fork",
      "--kill-child",
    ];
    return await ended(
      [
        "timeout",
        "--signal=KILL",
        `${seconds}`,
        "unshare",
        ...namespaces,
        room,
        "",
        file,
      ],
      onOutput,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function ended(
  [program = "", ...words]: readonly string[],
  onOutput: OnOutput = () => undefined,
): Promise<Ended> {
  const started = performance.now();
  const child = spawn(program, words, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    output += part;
    onOutput(part);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      resolve({
        status: code ?? 137,
        output,
        seconds: (performance.now() - started) / 1000,
      });
    });
  });
}
