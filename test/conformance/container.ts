import { convertResult, parseResult } from "../../cni/result.ts";
import {
  isSupportedVersion,
  requireCommand,
  type Command,
} from "../../cni/version.ts";
import { namespace } from "../support/namespace.ts";
import { type Answer, type Json, run } from "./call.ts";
import type { Container, Setting } from "./setting.ts";
import type { BasePlugin } from "./subject.ts";
import { expectResult } from "./verdict.ts";

/** Makes a container and runs the base chain's ADD for it. */
export async function createContainer(
  setting: Setting,
  version: string,
  index: number,
): Promise<Container> {
  const pod = namespace();
  const id = `${setting.network}-${index}`;
  const attachment = {
    CNI_CONTAINERID: id,
    CNI_NETNS: pod.path,
    CNI_IFNAME: setting.subject.ifname,
    CNI_PATH: setting.subject.path,
  };
  const base = await addBase(setting, attachment, version).catch(
    (error: unknown) => {
      pod[Symbol.dispose]();
      throw error;
    },
  );
  let added: Json | undefined;

  const container: Container = {
    id,
    ifname: setting.subject.ifname,
    pod,
    version,
    ...(base.result && { prevResult: base.result }),
    call(command, changes = {}) {
      const prevResult = command === "ADD" ? base.result : added;
      const passed = passesPrevResult(command, version) ? { prevResult } : {};
      const config = setting.config(version, { ...passed, ...changes.config });
      return setting.call(
        { ...variables(command, attachment), ...changes.environment },
        changes.stdin ?? JSON.stringify(config),
      );
    },
    async add(changes) {
      added = expectResult(await container.call("ADD", changes));
      return added;
    },
    async remove() {
      try {
        await container.call("DEL");
        await base.remove();
      } finally {
        pod[Symbol.dispose]();
      }
    },
  };
  return container;
}

/** libcni runs GC and STATUS with the attachment's variables set, but empty. */
function variables(
  command: Command,
  attachment: Readonly<Record<string, string>>,
): Record<string, string> {
  const empty = { CNI_CONTAINERID: "", CNI_NETNS: "", CNI_IFNAME: "" };
  const own = command === "GC" || command === "STATUS" ? empty : {};
  return { CNI_COMMAND: command, ...attachment, ...own };
}

/** Since 0.3.0 for chained ADDs; since 0.4.0 with CHECK and DEL as well. */
function passesPrevResult(command: Command, version: string): boolean {
  if (command === "ADD") return true;
  if (command !== "DEL" && command !== "CHECK") return false;
  return allows(version, "CHECK");
}

/** Whether a configuration of `version` may ask for `command`. */
export function allows(version: string, command: Command): boolean {
  if (!isSupportedVersion(version)) return false;
  try {
    requireCommand(version, command);
    return true;
  } catch {
    return false; // requireCommand says no by throwing
  }
}

interface Base {
  readonly result?: Json;
  readonly remove: () => Promise<void>;
}

/** The base plugins speak their own newest version where they don't speak the one asked for. */
async function addBase(
  setting: Setting,
  attachment: Readonly<Record<string, string>>,
  version: string,
): Promise<Base> {
  const { base } = setting.subject;
  let result: Json | undefined;
  const callBase = async (
    plugin: BasePlugin,
    index: number,
    command: Command,
  ): Promise<Answer> => {
    const cniVersion = spoken(setting.versions.base[index] ?? [], version);
    const prevResult = result && convert(result, cniVersion);
    const config = plugin.config(setting.scratch);
    const stdin = { ...config, cniVersion, name: setting.network, prevResult };
    return run({
      file: plugin.file,
      host: setting.host,
      environment: { CNI_COMMAND: command, ...attachment },
      stdin: JSON.stringify(stdin),
    });
  };
  for (const [index, plugin] of base.entries()) {
    result = expectResult(await callBase(plugin, index, "ADD"));
  }
  return {
    ...(result && { result: convert(result, version) }),
    async remove() {
      for (const [index, plugin] of [...base.entries()].reverse()) {
        await callBase(plugin, index, "DEL");
      }
    },
  };
}

function spoken(supported: readonly string[], version: string): string {
  return supported.includes(version) ? version : (supported.at(-1) ?? version);
}

function convert(result: Json, version: string): Json {
  return convertResult(parseResult(result, version), version);
}
