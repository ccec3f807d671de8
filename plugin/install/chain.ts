import { isObject } from "../../cni/configuration.ts";
import { isSupportedVersion, supportedVersions } from "../../cni/version.ts";
import { isCrosslinkEntry, pluginsOf } from "./conflist-text.ts";

/**
 * Why a conflist would serve no pod with crosslink at its end; undefined where it would. What runtimes refuse a conflist
 * for is said here too, since they say it in a log only.
 *
 * @param text a JSON object
 */
export function flawOf(conflist: string, text: string): string | undefined {
  const value = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const type = typeOf(value);
  if (type === "loopback") return NOT_OF_PODS;
  if (type !== "")
    return `it is for one plugin ("type": "${type}"), after which no other can come. Make it a list: jq '{cniVersion, name, plugins: [del(.cniVersion, .name)]}' ${conflist} > ${conflist.replace(/\.[^./]*$/, "")}.conflist, and delete the old one`;
  return flawOfPlugins(pluginsOf(text)) ?? flawOfHead(value);
}

/** The type of a plugin; empty for what has none. */
export function typeOf(plugin: unknown): string {
  return isObject(plugin) && typeof plugin["type"] === "string"
    ? plugin["type"].slice(0, 64)
    : "";
}

const NOT_OF_PODS =
  "it is the plugin loopback's, which runtimes call by themselves, and no network of pods. Take it away, so that they read the next";

function flawOfPlugins(plugins: readonly unknown[]): string | undefined {
  if (plugins.length === 0)
    return 'it has no "plugins". Want a conflist: {"cniVersion", "name", "plugins": [ … ]}';
  const nameless = plugins.findIndex((plugin) => typeOf(plugin) === "");
  if (nameless >= 0)
    return `/plugins/${String(nameless)} is no object with a "type", for which runtimes refuse all of it`;
  const base = plugins.find((plugin) => !isCrosslinkEntry(plugin));
  if (base === undefined)
    return "it has no plugin before crosslink, which makes no interface of its own";
  return ENDLESS.has(typeOf(base))
    ? `its plugin "${typeOf(base)}" gives pods no end on the node, by which crosslink links them: each ADD would end with code 7`
    : undefined;
}

/** Plugins whose interfaces in a pod go by no veth of the node. */
const ENDLESS: ReadonlySet<string> = new Set([
  "dummy",
  "host-device",
  "ib-sriov",
  "ipvlan",
  "loopback",
  "macvlan",
  "sriov",
  "vlan",
]);

function flawOfHead({
  name,
  cniVersion = "0.1.0",
}: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof name !== "string" || name === "")
    return 'it has no "name", for which runtimes refuse all of it';
  return typeof cniVersion === "string" && isSupportedVersion(cniVersion)
    ? undefined
    : `crosslink does not speak its "cniVersion" ${JSON.stringify(cniVersion)}: want one of ${supportedVersions.join(", ")}`;
}
