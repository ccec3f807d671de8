import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Kernel } from "../../../plugin/kernel/kernel.ts";
import { networkId } from "../../../plugin/kernel/network-id.ts";
import { writeStateFile } from "../../../plugin/kernel/state-file.ts";
import { readKeyNote } from "../../../plugin/node/keys/note.ts";
import type { CountersFile } from "../../../plugin/node/keys/stored.ts";
import { RUN_FOLDER } from "../../../plugin/owned.ts";
import { binding } from "../../support/binding.ts";
import {
  byAgent,
  byCalls,
  type LookedAfter,
} from "../../support/agent/looks.ts";

/** What the files of a small mesh say, and which address its node has. */
interface Mesh {
  /** The last octets of the node's own address and of its elastic one. */
  readonly own: number;
  readonly elastic: number;
  /** Those of the far nodes' elastic addresses. */
  readonly far: readonly number[];
  readonly isFarBroken: boolean;
  readonly farFile: string;
  readonly hasOther: boolean;
  /** From which place on far nodes are in slices, one a node. */
  readonly slicedFrom: number;
  readonly activeKey: number;
}

const MESH: Mesh = {
  own: 2,
  elastic: 1,
  far: [1, 2, 3],
  isFarBroken: false,
  farFile: "far",
  hasOther: true,
  slicedFrom: 9,
  activeKey: 1,
};

const octet = fc.integer({ min: 1, max: 200 });
const nodes = fc.uniqueArray(octet, { minLength: 1, maxLength: 4 });

/** What is changed at one time; far nodes most of all. */
const change: fc.Arbitrary<Partial<Mesh>> = fc.oneof(
  ...[nodes, nodes, nodes].map((far) => fc.record({ far })),
  fc.record({ own: fc.constantFrom(2, 3) }),
  fc.record({ elastic: octet }),
  fc.record({ isFarBroken: fc.boolean() }),
  fc.record({ farFile: fc.constantFrom("far", "renamed") }),
  fc.record({ hasOther: fc.boolean() }),
  fc.record({ slicedFrom: fc.constantFrom(0, 1, 9) }),
  fc.record({ activeKey: fc.constantFrom(1, 2) }),
);

let agent: LookedAfter;

beforeEach(() => {
  agent = byAgent();
  write(agent, MESH);
  agent.look();
  // Of rules that it made itself it is told too.
  agent.look();
});

afterEach(() => {
  agent[Symbol.dispose]();
});

describe("an agent whose files change", () => {
  it("asks for what one node changes, and for no list", () => {
    const listed = Array.from({ length: 10 }, (_, index) => {
      write(agent, { ...MESH, far: [1, 40 + index, 3] });
      const { outcome, dumps } = agent.look();
      expect([outcome, dumps.associations]).toEqual(["partly", 0]);
      expect(remotes()).toEqual(elastic([1, 3, 40 + index]));
      return dumps.policies;
    });
    // Whoever has to wait for the node's lock, as beside other tests, lists policies to raise the fence meanwhile.
    expect(Math.min(...listed)).toBe(0);
  });

  it("asks for what a changed slice says, and for no list", () => {
    const sliced = { ...MESH, slicedFrom: 1 };
    write(agent, sliced);
    agent.look();
    const listed = Array.from({ length: 5 }, (_, index) => {
      write(agent, { ...sliced, far: [1, 2, 40 + index] });
      const { outcome, dumps } = agent.look();
      expect([outcome, dumps.associations]).toEqual(["partly", 0]);
      expect(remotes()).toEqual(elastic([1, 2, 40 + index]));
      return dumps.policies;
    });
    expect(Math.min(...listed)).toBe(0);
  });

  it("makes good what others did meanwhile", () => {
    const before = agent.holds();
    agent.site.node.shell(
      "ip xfrm policy delete src 10.0.0.0/24 dst 10.6.3.0/24 dir out",
    );
    write(agent, { ...MESH, far: [1, 9, 3] });
    expect(agent.look().outcome).toBe("whole");
    expect(remotes()).toEqual(elastic([1, 3, 9]));
    write(agent, MESH);
    expect(agent.look().outcome).toBe("partly");
    expect(agent.holds()).toEqual(before);
  });

  it("leaves another program's policy alone, and says so, wherever it looks", () => {
    agent.site.node.shell(
      "ip xfrm policy add src 10.0.0.0/24 dst 10.6.9.0/24 dir out priority 7 action block",
    );
    write(agent, { ...MESH, far: [1, 2, 3, 4, 5, 6, 7, 8, 9] });
    expect(agent.look().outcome).toBe(CONFLICT);
    expect(agent.holds().join("\n")).toContain("priority 7");
    agent.site.node.shell(
      "ip xfrm policy delete src 10.0.0.0/24 dst 10.6.9.0/24 dir out",
    );
    expect(agent.look().outcome).toBe("whole");
    expect(remotes()).toHaveLength(9);
  });

  it("says of files what it would say at a look at all", () => {
    writeFileSync(join(agent.site.clustersDir, "more.yaml"), "{}");
    write(agent, { ...MESH, far: [1, 9, 3] });
    expect(agent.look().outcome).toBe("partly");
    expect(agent.said.join("\n")).toContain("more.yaml");
  });

  it("does what files changed behind the fence where all else that happened is put off", () => {
    const before = agent.holds();
    const { node } = agent.site;
    node.shell("ip xfrm policy flush; nft delete table inet crosslink");
    write(agent, { ...MESH, far: [1, 9, 3] });
    expect(agent.look("rest put off").outcome).toBe("partly");
    const blocks = (holds: readonly string[]): string[] =>
      holds.filter((text) => text.includes("action block"));
    expect(blocks(agent.holds())).toEqual(blocks(before));
    expect(blocks(before).length).toBeGreaterThan(0);
    node.shell("nft list table inet crosslink");
    expect(remotes()).toEqual(elastic([9]));
    expect(agent.look().outcome).toBe("whole");
    expect(remotes()).toEqual(elastic([1, 3, 9]));
    write(agent, MESH);
    expect(agent.look().outcome).toBe("partly");
    expect(agent.holds()).toEqual(before);
  });

  it("looks at all SAs where what was noted of them is lost", () => {
    const kernel = { binding, netns: agent.site.node.fd };
    expect(readKeyNote(kernel).isKnown).toBe(true);
    forgetCounters(kernel);
    expect(readKeyNote(kernel).isKnown).toBe(false);
    write(agent, { ...MESH, far: [1, 9, 3] });
    expect(agent.look().outcome).toBe("whole");
    expect(readKeyNote(kernel).isKnown).toBe(true);
  });

  it("leaves what processes of one call leave", () => {
    let parts = 0;
    const lives = fc.array(change, { minLength: 4, maxLength: 8 });
    fc.assert(
      fc.property(lives, (changes) => {
        using resident = byAgent();
        using calls = byCalls();
        let mesh = MESH;
        for (const one of [{}, ...changes]) {
          const before = mesh;
          mesh = { ...mesh, ...one };
          for (const node of [resident, calls]) write(node, mesh, before);
          const looked = resident.look();
          const { outcome } = calls.look();
          const isPart = looked.outcome === "partly";
          if (isPart) parts += 1;
          expect(isPart ? "whole" : looked.outcome).toBe(outcome);
          if (isPart) expect(looked.dumps.associations).toBe(0);
          expect(resident.holds()).toEqual(calls.holds());
        }
      }),
      { numRuns: 4 },
    );
    expect(parts).toBeGreaterThan(0);
  });
});

/** Another program holds what we need: cni/error.ts. */
const CONFLICT = 106;

/** As if an admin had removed it; what was noted in other namespaces, of tests that run beside this one, stays. */
function forgetCounters(kernel: Kernel): void {
  const file = `${RUN_FOLDER}/counters.json`;
  const { network } = networkId(kernel);
  writeStateFile(kernel, file, () => {
    const content = JSON.parse(readFileSync(file, "utf8")) as CountersFile;
    const nodes = content.nodes.filter((node) => node.network !== network);
    return JSON.stringify({ ...content, nodes });
  });
}

/** The addresses that tunnels lead to, in the words of `ip`. */
function remotes(): string[] {
  const found = agent.holds().flatMap((text) => {
    const [, address] = /dir out .* dst (198\.51\.100\.\d+) /.exec(text) ?? [];
    return address === undefined ? [] : [address];
  });
  return found.sort();
}

const elastic = (octets: readonly number[]): string[] =>
  octets.map((last) => `198.51.100.${String(last)}`);

function write({ site }: LookedAfter, mesh: Mesh, before = MESH): void {
  const { own, far, farFile, hasOther, activeKey: active } = mesh;
  const keys = [1, 2].map((id) => ({ id, secret: secretOf(id) }));
  site.writeKeyring({ active, keys });
  site.writeCluster("own", {
    podCIDRs: ["10.0.0.0/24"],
    nodes: [
      {
        name: "node1",
        ips: [`172.17.1.${String(own)}`],
        elasticIP: `203.0.113.${String(mesh.elastic)}`,
      },
    ],
  });
  for (const name of ["far", "renamed", "other"])
    rmSync(join(site.clustersDir, `${name}.json`), { force: true });
  const farPath = join(site.clustersDir, `${farFile}.json`);
  const { nodes: all, ...head } = farCluster(far);
  const listed = all.slice(0, mesh.slicedFrom);
  const text = JSON.stringify({ name: "far", ...head, nodes: listed });
  writeFileSync(farPath, mesh.isFarBroken ? text.slice(1) : text);
  for (const name of ["far.d", "renamed.d"])
    rmSync(join(site.clustersDir, name), { recursive: true, force: true });
  for (const [place, one] of all.slice(mesh.slicedFrom).entries()) {
    const slices = join(site.clustersDir, `${farFile}.d`);
    mkdirSync(slices, { recursive: true });
    writeFileSync(
      join(slices, `${String(place)}.json`),
      JSON.stringify({ nodes: [one] }),
    );
  }
  if (hasOther)
    site.writeCluster("other", {
      podCIDRs: ["10.7.0.0/16"],
      nodes: [{ name: "o1", ips: ["192.168.7.1"], podCIDRs: ["10.7.1.0/24"] }],
    });
  if (own !== before.own)
    site.node.shell(`ip address flush dev eth0
      ip address add 172.17.1.${String(own)}/24 dev eth0
      ip route replace default via 172.17.1.1`);
}

/** A far node's name stays with its place. */
function farCluster(octets: readonly number[]) {
  return {
    podCIDRs: ["10.6.0.0/16"],
    nodes: octets.map((last, index) => ({
      name: `f${String(index + 1)}`,
      ips: [`192.168.6.${String(index + 1)}`],
      elasticIP: `198.51.100.${String(last)}`,
      podCIDRs: [`10.6.${String(index + 1)}.0/24`],
    })),
  };
}

const secretOf = (id: number): string =>
  Buffer.alloc(32, id).toString("base64");
