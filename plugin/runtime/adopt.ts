import { isObject } from "../../cni/configuration.ts";
import type { Request } from "../../cni/request.ts";
import { parseResult } from "../../cni/result.ts";

/**
 * The ADD that a pod's sandbox would have had, out of what containerd tells of it (internal/cri/server/sandbox_status.go,
 * `SandboxInfo`): undefined for one without a network of its own, and where a runtime tells no such thing.
 *
 * @param network the name of the runtime's network
 */
export function missedAdd(
  { id, info }: { readonly id: string; readonly info: string },
  network: string,
): Request | undefined {
  const told: unknown = JSON.parse(info);
  if (!isObject(told)) return undefined;
  const netns = netnsOf(told);
  const interfaces = isObject(told["cniResult"])
    ? told["cniResult"]["Interfaces"]
    : undefined;
  if (netns === undefined || !isObject(interfaces)) return undefined;
  const prevResult = previousResult(interfaces, netns);
  const [ifname] = prevResult.ips.length > 0 ? ["eth0"] : [];
  if (ifname === undefined) return undefined;
  const version = "1.0.0";
  return {
    command: "ADD",
    containerId: id,
    ...{ netns, ifname, version, path: "", args: new Map() },
    config: { cniVersion: version, name: network, type: "crosslink" },
    prevResult: parseResult(prevResult, version),
  };
}

function netnsOf(told: Record<string, unknown>): string | undefined {
  const spec = told["runtimeSpec"];
  const linux = isObject(spec) ? spec["linux"] : undefined;
  const namespaces = isObject(linux) ? linux["namespaces"] : undefined;
  if (!Array.isArray(namespaces)) return undefined;
  const own = namespaces.find(
    (each) => isObject(each) && each["type"] === "network",
  ) as Record<string, unknown> | undefined;
  const path = own?.["path"];
  return typeof path === "string" && path !== "" ? path : undefined;
}

/** As CNI has it: the pod's interface has addresses and a sandbox, the host's end has neither. */
function previousResult(interfaces: Record<string, unknown>, netns: string) {
  const links = Object.entries(interfaces).filter(([name]) => name !== "lo");
  const addresses = (told: unknown): string[] => {
    const list = isObject(told) ? told["IPConfigs"] : undefined;
    return Array.isArray(list)
      ? list.flatMap((each) =>
          isObject(each) && typeof each["IP"] === "string" ? [each["IP"]] : [],
        )
      : [];
  };
  return {
    cniVersion: "1.0.0",
    interfaces: links.map(([name, told]) => ({
      name,
      sandbox: sandboxOf(told, netns, name),
    })),
    ips: links.flatMap(([name, told], index) =>
      name === "eth0"
        ? addresses(told).map((address) => ({
            interface: index,
            address: `${address}/${address.includes(":") ? 128 : 32}`,
          }))
        : [],
    ),
  };
}

function sandboxOf(told: unknown, netns: string, name: string): string {
  const sandbox = isObject(told) ? told["Sandbox"] : undefined;
  if (typeof sandbox === "string") return sandbox;
  return name === "eth0" ? netns : "";
}
