import { afterEach, beforeEach, expect, it } from "vitest";
import type { Namespace } from "../../support/namespace.ts";
import { oneKey } from "../../support/node-files.ts";
import { type Box, box } from "./box.ts";
import { bootedNode } from "./node.ts";

let node: Namespace;
let machine: Box;

beforeEach(() => {
  node = bootedNode();
  machine = box();
  machine.writeKeyring(oneKey());
  machine.writeCluster("own", {
    podCIDRs: ["10.0.0.0/16"],
    nodes: [{ name: "here", ips: ["172.17.1.2"], podCIDRs: ["10.0.0.0/24"] }],
  });
});

afterEach(() => {
  machine[Symbol.dispose]();
  node[Symbol.dispose]();
});

const FAR = "10.1.0.0/16";

/** Open already, and not yet forgotten: as an agent wakes by the first while the disk is slow. */
const FORGET_SLOWLY = `
  export NODE_NAME=here
  strace -f -qqq -o /dev/null -e trace=rename -e inject=rename:delay_enter=3000000 $crosslink forget far &
  until ! ip xfrm policy | grep -q ${FAR}; do sleep 0.05; done`;

function fence(): void {
  machine.writeCluster("far", {
    podCIDRs: [FAR],
    nodes: [{ name: "f", ips: ["172.18.1.2"] }],
  });
  machine.shell(node, "NODE_NAME=here $crosslink apply");
  machine.shell(node, "cp /etc/crosslink/clusters.d/far.json /etc/crosslink");
  machine.removeCluster("far");
  machine.shell(node, "NODE_NAME=here $crosslink apply");
  expect(node.exec("ip", "xfrm", "policy")).toContain(FAR);
}

function remembered(): string {
  return machine.shell(node, "cat /var/lib/crosslink/fence.json").stdout;
}

it("what is forgotten stays so, although somebody who waits for the lock has seen that it was fenced", () => {
  fence();
  const script = `${FORGET_SLOWLY}\n$crosslink apply; wait`;
  const { stdout } = machine.shell(node, script);
  expect(stdout).toContain(`opened ${FAR}`);
  expect(node.exec("ip", "xfrm", "policy")).not.toContain(FAR);
  expect(remembered()).not.toContain(FAR);
});

it("but not where a file speaks of it again by then", () => {
  fence();
  const back = "cp /etc/crosslink/far.json /etc/crosslink/clusters.d/";
  const script = `${FORGET_SLOWLY}\n${back}; $crosslink apply; wait`;
  const { stdout } = machine.shell(node, script);
  expect(stdout).toContain(`opened ${FAR}`);
  expect(node.exec("ip", "xfrm", "policy")).toMatch(
    /dst 10\.1\.0\.0\/16 \n\tdir out action block/u,
  );
  expect(remembered()).toContain(FAR);
});
