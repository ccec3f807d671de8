import { parseArguments } from "./arguments.ts";
import { CniError, ErrorCode } from "./error.ts";
import type { Command } from "./version.ts";

/** The parameters of a call that travel in environment variables (SPEC.md 1.1.0 §2 "Parameters"). */
export interface Environment {
  readonly command: Command;
  /** Empty for GC, STATUS and VERSION, whatever the variable says. */
  readonly containerId: string;
  /** May be empty for DEL. */
  readonly netns: string;
  readonly ifname: string;
  readonly args: ReadonlyMap<string, string>;
  /** `CNI_PATH`, folders separated by colons; may be empty. */
  readonly path: string;
}

/** A record of environment variables, such as `process.env`. */
export type Variables = Readonly<Record<string, string | undefined>>;

const ATTACHMENT = ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"];

/** Which variables each command requires (SPEC.md 1.1.0 §2 "CNI operations"), besides `CNI_COMMAND`. */
const REQUIRED: ReadonlyMap<string, readonly string[]> = new Map([
  ["ADD", ATTACHMENT],
  ["CHECK", ATTACHMENT],
  ["DEL", ["CNI_CONTAINERID", "CNI_IFNAME"]],
  ["GC", ["CNI_PATH"]],
  ["STATUS", []],
  ["VERSION", []],
]);

/**
 * Reads and validates the variables of a call. The only reader of them.
 *
 * libcni runs GC and STATUS with the attachment's variables present but empty, and VERSION with
 * dummies in them; all three ignore these.
 *
 * @throws CniError 4 that names every variable at fault
 */
export function parseEnvironment(variables: Variables): Environment {
  const read = (name: string): string => variables[name] ?? "";
  const command = parseCommand(read("CNI_COMMAND"));
  requireVariables(command, read);
  const path = read("CNI_PATH");
  if (!isAttachmentCommand(command)) {
    return {
      command,
      containerId: "",
      netns: "",
      ifname: "",
      args: new Map(),
      path,
    };
  }
  return {
    command,
    containerId: parseContainerId(read("CNI_CONTAINERID")),
    netns: read("CNI_NETNS"),
    ifname: parseInterfaceName(read("CNI_IFNAME")),
    args: parseArguments(read("CNI_ARGS"), command !== "DEL"),
    path,
  };
}

function isAttachmentCommand(command: Command): boolean {
  return command === "ADD" || command === "DEL" || command === "CHECK";
}

function parseCommand(text: string): Command {
  if (REQUIRED.has(text)) return text as Command;
  throw invalid(
    text === ""
      ? "CNI_COMMAND is missing"
      : `CNI_COMMAND is "${text}", want ${[...REQUIRED.keys()].join(", ")}`,
  );
}

function requireVariables(
  command: Command,
  read: (name: string) => string,
): void {
  const missing = (REQUIRED.get(command) ?? []).filter(
    (name) => read(name) === "",
  );
  if (missing.length === 0) return;
  const verb = missing.length === 1 ? "is" : "are";
  throw invalid(
    `${command} needs ${missing.join(", ")}, which ${verb} missing`,
  );
}

function parseContainerId(text: string): string {
  // SPEC.md 1.1.0 §2 "Parameters": CNI_CONTAINERID
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(text)) return text;
  throw invalid(
    `CNI_CONTAINERID is ${JSON.stringify(text)}, want a letter or digit, then letters, digits, "_", "." or "-"`,
  );
}

function parseInterfaceName(text: string): string {
  // SPEC.md 1.1.0 §2 "Parameters": CNI_IFNAME; net/core/dev.c dev_valid_name() counts bytes
  const fits = Buffer.byteLength(text) <= 15 && text !== "." && text !== "..";
  if (fits && !/[/:\s]/.test(text)) return text;
  throw invalid(
    `CNI_IFNAME is ${JSON.stringify(text)}, want at most 15 bytes without "/", ":" or space, and neither "." nor ".."`,
  );
}

function invalid(fact: string): CniError {
  return new CniError(
    ErrorCode.invalidEnvironment,
    `Cannot use the environment: ${fact}`,
    {
      details:
        "runtimes set the variables of a CNI call: look at the runtime's version and log; by hand: set CNI_COMMAND, CNI_CONTAINERID, CNI_NETNS, CNI_IFNAME and CNI_PATH",
    },
  );
}
