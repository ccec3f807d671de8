import { CniError, ErrorCode } from "./error.ts";

/** What `CNI_COMMAND` may say. */
export type Command = "ADD" | "DEL" | "CHECK" | "GC" | "STATUS" | "VERSION";

/**
 * How a result is written: `pair` has one `ip4` and one `ip6`; `tagged` has a list whose entries
 * say their `version`; `list` has a list without that, and since 1.1.0 more fields.
 */
export type ResultShape = "pair" | "tagged" | "list";

interface SpecVersion {
  readonly commands: readonly Command[];
  readonly shape: ResultShape;
}

const FIRST: readonly Command[] = ["ADD", "DEL", "VERSION"];
const CHECKED: readonly Command[] = [...FIRST, "CHECK"];
const COLLECTED: readonly Command[] = [...CHECKED, "GC", "STATUS"];

/** Which release of the specification brings which command and result (SPEC.md 1.1.0, "Released versions"). */
const SPEC_VERSIONS: ReadonlyMap<string, SpecVersion> = new Map([
  ["0.1.0", { commands: FIRST, shape: "pair" }],
  ["0.2.0", { commands: FIRST, shape: "pair" }],
  ["0.3.0", { commands: FIRST, shape: "tagged" }],
  ["0.3.1", { commands: FIRST, shape: "tagged" }],
  ["0.4.0", { commands: CHECKED, shape: "tagged" }],
  ["1.0.0", { commands: CHECKED, shape: "list" }],
  ["1.1.0", { commands: COLLECTED, shape: "list" }],
]);

/** Every version a plugin built on this folder speaks, oldest first. */
export const supportedVersions: readonly string[] = [...SPEC_VERSIONS.keys()];

/** The newest of {@link supportedVersions}. */
export const currentVersion = "1.1.0";

/** What a configuration without `cniVersion` means (libcni's `version.ConfigDecoder`). */
export const assumedVersion = "0.1.0";

/** Whether `version` is one of {@link supportedVersions}; versions match exactly, as in libcni. */
export function isSupportedVersion(version: string): boolean {
  return SPEC_VERSIONS.has(version);
}

/**
 * The shape of a result in `version`.
 *
 * @throws CniError 1 when the version is not supported
 */
export function resultShape(version: string): ResultShape {
  return lookUp(version).shape;
}

/**
 * Makes sure that a configuration of `version` may ask for `command`.
 *
 * @throws CniError 1 when the version is not supported, or older than the command
 */
export function requireCommand(version: string, command: Command): void {
  if (lookUp(version).commands.includes(command)) return;
  const since = [...SPEC_VERSIONS].find(([, entry]) =>
    entry.commands.includes(command),
  );
  throw new CniError(
    ErrorCode.incompatibleVersion,
    `Cannot run ${command}: the configuration's cniVersion "${version}" does not allow it`,
    {
      details: `${command} exists since CNI ${since?.[0] ?? currentVersion}; raise cniVersion`,
    },
  );
}

function lookUp(version: string): SpecVersion {
  const entry = SPEC_VERSIONS.get(version);
  if (entry !== undefined) return entry;
  throw new CniError(
    ErrorCode.incompatibleVersion,
    `Cannot speak CNI version "${version}"`,
    {
      details: `supported versions: ${supportedVersions.join(", ")}. Set "cniVersion" to one of these in the network's file`,
    },
  );
}
