import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { crosslinkOn } from "../support/command.ts";
import { ptpConflist } from "../support/pod.ts";
import type { Node, Topology } from "../support/topology.ts";
import { type RuntimeHost, runtimeHost } from "./support/host.ts";
import { podDevices, takenAddresses } from "./support/pods.ts";
import { peeredWorld, pluginFolder } from "./support/world.ts";

const source = fileURLToPath(new URL("libcni/main.go", import.meta.url));

const cleanup = new AsyncDisposableStack();
let world: Topology;
let node: Node;
let host: RuntimeHost;
let client: string;
let plugins: string;

beforeAll(async () => {
  client = buildClient();
  world = cleanup.use(peeredWorld());
  node = world.nodes[0]!;
  host = cleanup.use(await runtimeHost(node.namespace, world.path));
  plugins = await pluginFolder(node);
});

afterAll(() => cleanup.disposeAsync());

/** Builds it from the sources that Debian's golang-github-appc-cni-dev holds; no module is asked for. */
function buildClient(): string {
  const folder = mkdtempSync(join(tmpdir(), "crosslink-libcni-"));
  cleanup.defer(() => {
    rmSync(folder, { recursive: true });
  });
  const env = {
    PATH: "/usr/bin:/bin",
    GO111MODULE: "off",
    GOPATH: "/usr/share/gocode",
    GOCACHE: join(folder, "cache"),
    GOTOOLCHAIN: "local",
    CGO_ENABLED: "0",
  };
  const built = join(folder, "libcni");
  execFileSync("go", ["build", "-o", built, source], { env });
  return built;
}

/** A pod in libcni's hands. */
interface LibcniPod extends Disposable {
  readonly call: (verb: "add" | "check" | "del") => string;
  /** Whether libcni keeps a result of it. */
  readonly cached: () => boolean;
}

function libcniPod(cniVersion: string): LibcniPod {
  const id = `pod-${cniVersion}`;
  host.exec("ip", "netns", "add", id);
  const file = join(node.folder, `${cniVersion}.conflist`);
  writeFileSync(file, JSON.stringify({ ...ptpConflist(node), cniVersion }));
  const cache = join(node.folder, "libcni-cache");
  const about = [file, cache, id, `/run/netns/${id}`];
  const environment = `CNI_PATH=${plugins}`;
  return {
    call: (verb) => host.exec("env", environment, client, verb, ...about),
    cached: () => existsSync(join(cache, "results", `pods-${id}-eth0`)),
    [Symbol.dispose]: () => {
      host.exec("ip", "netns", "delete", id);
    },
  };
}

describe("a node under libcni, in peered networks (ESP is tested in mesh.test.ts and demo)", () => {
  it("CHECK by the cached result: succeeds, and names the damage to the pod and to the node", async () => {
    using pod = libcniPod("1.0.0");
    const result = JSON.parse(pod.call("add")) as {
      ips: { address: string }[];
    };
    expect(result.ips).toHaveLength(1);
    expect(pod.cached()).toBe(true);
    expect(pod.call("check")).toBe("");

    host.exec("nft", "delete", "table", "ip", "crosslink");
    expect(() => pod.call("check")).toThrow(
      /Cannot confirm the attachment: .* table ip crosslink;.* `crosslink apply` mends/,
    );
    await crosslinkOn(node, "apply");
    expect(pod.call("check")).toBe("");

    const [device = ""] = podDevices({ host });
    host.exec("sysctl", "-qw", `net.ipv4.conf.${device}.proxy_arp=0`);
    expect(() => pod.call("check")).toThrow(
      /Cannot confirm the attachment: 1 thing .*\.proxy_arp=1\. /,
    );
    pod.call("del");
  });

  it.each(["0.3.1", "0.4.0", "1.0.0"])(
    "DEL twice in a conflist of version %s: frees what ADD took, and does not mind",
    (cniVersion) => {
      using pod = libcniPod(cniVersion);
      pod.call("add");
      expect(takenAddresses(node)).toHaveLength(1);
      expect(pod.call("del")).toBe("");
      expect(pod.cached()).toBe(false);
      expect(pod.call("del")).toBe("");
      expect(takenAddresses(node)).toEqual([]);
      expect(podDevices({ host })).toEqual([]);
    },
  );
});
