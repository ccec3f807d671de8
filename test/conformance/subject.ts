import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isObject } from "../../cni/configuration.ts";
import { findPlugin } from "./find-plugin.ts";
import type { Json } from "./call.ts";
import type { Options } from "./options.ts";

/** How a plugin is called: makes an interface, changes what others made, or hands out addresses. */
export type Kind = "interface" | "chained" | "ipam";

/** A plugin under test, with all that its calls need. */
export interface Subject {
  readonly file: string;
  readonly kind: Kind;
  readonly config: Template;
  /** The plugins that run before it in the chain. */
  readonly base: readonly BasePlugin[];
  /** `CNI_PATH` */
  readonly path: string;
  readonly ifname: string;
  /** Shell script for the fresh host namespace of each check; `$SCRATCH` is its folder. */
  readonly setup: string;
  readonly damages: readonly Damage[];
  /** A configuration for which STATUS has to say that the plugin is not ready. */
  readonly unready?: Template;
}

/** A plugin of the base chain. */
export interface BasePlugin {
  readonly file: string;
  readonly config: Template;
}

/** Something that an admin may break by hand, and CHECK should notice. */
export interface Damage {
  readonly name: string;
  /** Shell script in the host namespace with CNI_NETNS, CNI_IFNAME, CNI_NETWORK and SCRATCH. */
  readonly script: string;
}

/** A configuration whose text may hold `{tmp}` and `{conf}`. */
export type Template = (scratch: string) => Json;

/** Finds and reads everything that the options name. */
export function loadSubject(options: Options): Subject {
  const file = resolve(options.plugin);
  const path = options.cniPath ?? defaultPath(file);
  return {
    file,
    kind: kindOf(options),
    config: loadTemplate(options.conf),
    base: options.base === undefined ? [] : loadBase(options.base, path),
    path,
    ifname: options.ifname,
    setup: options.setup,
    damages: options.damage.map(parseDamage),
    ...(options.unready && { unready: loadTemplate(options.unready) }),
  };
}

function kindOf({ ipam, base }: Options): Kind {
  if (ipam) return "ipam";
  return base === undefined ? "interface" : "chained";
}

function defaultPath(file: string): string {
  return [dirname(file), "/opt/cni/bin", "/usr/lib/cni"].join(":");
}

/** `{tmp}` becomes a folder that the check owns, `{conf}` the folder of the configuration. */
function loadTemplate(file: string): Template {
  const text = readFileSync(file, "utf8");
  return fillTemplate(text, file);
}

function fillTemplate(text: string, file: string): Template {
  const folder = dirname(resolve(file));
  return (scratch) => {
    const filled = text
      .replaceAll("{tmp}", scratch)
      .replaceAll("{conf}", folder);
    const value: unknown = JSON.parse(filled);
    if (isObject(value)) return value;
    throw new TypeError(`Cannot use "${file}": want a JSON object`);
  };
}

function loadBase(file: string, path: string): BasePlugin[] {
  const { plugins } = loadTemplate(file)("{tmp}");
  if (!Array.isArray(plugins)) {
    throw new TypeError(`Cannot use "${file}": want a conflist with "plugins"`);
  }
  return plugins.map((config: Json) => ({
    file: findPlugin(String(config["type"]), path),
    config: fillTemplate(JSON.stringify(config), file),
  }));
}

function parseDamage(text: string): Damage {
  const [, name, script] = /^([\w-]+)=(.+)$/s.exec(text) ?? [];
  if (name !== undefined && script !== undefined) return { name, script };
  throw new TypeError(`Cannot use --damage "${text}": want name=command`);
}
