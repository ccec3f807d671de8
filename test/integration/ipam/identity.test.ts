import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { temporary } from "../../support/ipam/call.ts";
import { type Namespace, namespace } from "../../support/namespace.ts";
import { cniEnvironment } from "../../support/binary.ts";
import { nodeFiles, type NodeFiles } from "../../support/node-files.ts";

const program = new URL("../../../dist/crosslink-ipam", import.meta.url)
  .pathname;

let folder: ReturnType<typeof temporary>;
let files: NodeFiles;
let node: Namespace;

beforeEach(() => {
  folder = temporary();
  node = namespace();
  node.exec("ip", "addr", "add", "192.0.2.10/32", "dev", "lo");
  files = nodeFiles(folder.path);
});

afterEach(() => {
  node[Symbol.dispose]();
  folder[Symbol.dispose]();
});

/** A cluster of two nodes, n1 and n2, with addresses of these numbers. */
function writeCluster(name: string, pods: string, hosts: [number, number]) {
  const nodes = hosts.map((host, index) => ({
    name: `n${String(index + 1)}`,
    ips: [`192.0.2.${String(host)}`],
    podCIDRs: [`${pods}.${String(index + 1)}.0/24`],
  }));
  files.writeCluster(name, { podCIDRs: [`${pods}.0.0/16`], nodes });
}

function call(command: string, ipam: object, nodeName?: string) {
  const config = {
    cniVersion: "1.1.0",
    name: "pods",
    type: "ptp",
    ipam: {
      type: "crosslink-ipam",
      clustersDir: files.clustersDir,
      dataDir: join(folder.path, "store"),
      ...ipam,
    },
  };
  const { status, stdout } = spawnSync(
    "ip",
    ["netns", "exec", node.name, program],
    {
      input: JSON.stringify(config),
      encoding: "utf8",
      env: {
        PATH: process.env["PATH"],
        ...cniEnvironment(command),
        ...(nodeName === undefined ? {} : { NODE_NAME: nodeName }),
      },
    },
  );
  return { status, answer: JSON.parse(stdout || "{}") as Answer };
}

interface Answer {
  readonly ips?: readonly { readonly address: string }[];
  readonly code?: number;
  readonly msg?: string;
  readonly details?: string;
}

it("needs to know no node where ranges are explicit", () => {
  writeCluster("a", "10.64", [11, 12]);
  const ipam = { ranges: [[{ subnet: "10.64.1.0/24" }]] };
  expect(call("STATUS", ipam)).toEqual({ status: 0, answer: {} });
  const { answer } = call("ADD", ipam);
  expect(answer.ips?.[0]?.address).toBe("10.64.1.2/24");
});

it("keeps explicit ranges out of another cluster's CIDR where it knows the node", () => {
  writeCluster("a", "10.64", [10, 12]);
  writeCluster("b", "10.65", [21, 22]);
  const { answer } = call("ADD", { ranges: [[{ subnet: "10.65.1.0/24" }]] });
  expect(answer).toMatchObject({ code: 7 });
  expect(answer.msg).toContain('10.65.0.0/16 of cluster "b"');
});

it("says who speaks, and which key it means, where it needs to know the node", () => {
  writeCluster("a", "10.64", [11, 12]);
  for (const command of ["ADD", "STATUS"]) {
    const { answer } = call(command, { subnet: "auto" });
    expect(answer).toMatchObject({
      code: 7,
      msg: "crosslink-ipam: Cannot find this node in the cluster files",
    });
    expect(answer.details).toContain('"node" in the "ipam" section');
  }
});

it("gives of two nodes of one name the one's addresses that has this machine's", () => {
  writeCluster("a", "10.64", [21, 22]);
  writeCluster("b", "10.65", [10, 12]);
  const { answer } = call("ADD", { subnet: "auto", node: "n1" });
  expect(answer.ips?.[0]?.address).toBe("10.65.1.2/24");
});

it.each([
  ["NODE_NAME", {}, "n2"],
  ['"node" in the "ipam" section', { node: "n2" }, undefined],
])("gives no neighbour's addresses where %s is its", (_, ipam, nodeName) => {
  writeCluster("a", "10.64", [10, 12]);
  const { answer } = call("ADD", { subnet: "auto", ...ipam }, nodeName);
  expect(answer).toMatchObject({ code: 7 });
  expect(answer.details).toContain('"n1" in');
  expect(answer.details).toContain('"n2" in');
});

it("gives out nothing by a name alone on a machine with other addresses: it may be a clone", () => {
  writeCluster("a", "10.64", [11, 12]);
  const auto = { subnet: "auto" };
  const { status, answer } = call("ADD", auto, "n1");
  expect(status).toBe(1);
  expect(answer).toMatchObject({
    code: 7,
    msg: 'crosslink-ipam: Cannot take this machine for node "n1": no device of it has an address of that node',
    details: expect.stringContaining("192.0.2.10") as string,
  });
  writeCluster("a", "10.64", [10, 12]);
  expect(call("ADD", auto, "n1").answer.ips?.[0]?.address).toBe("10.64.1.2/24");
});
