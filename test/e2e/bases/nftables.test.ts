import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { runProgramInGuest } from "../../support/guest/program.ts";
import { qemuMissing, runInQemu } from "../../support/guest/qemu.ts";
import { type Fact, readFacts } from "../support/facts.ts";
import { calicoInNftables } from "./calico.ts";
import { flannelInNftables } from "./flannel.ts";
import { east, west } from "./reference.ts";

const missing = qemuMissing();

const modules = [
  "esp4",
  "xfrm_user",
  "gcm",
  "seqiv",
  "veth",
  "bridge",
  "nft_chain_nat",
  "nft_nat",
  "nft_masq",
  "nft_ct",
  "nft_compat",
];

const forEach = [
  "ADD connects its pods",
  "a pod reaches a remote pod",
  "a remote pod reaches a pod",
  "who asks a pod asks with its own address",
  "a pod reaches the internet",
  "the internet sees the node's address",
  "without crosslink's table, packets are dropped",
];

const names = [
  ...[flannelInNftables, calicoInNftables, east, west].flatMap(({ name }) =>
    forEach.map((fact) => `${name}: ${fact}`),
  ),
  "nothing of a pod leaves a node in clear text",
];

describe(`against masquerade in nf_tables, encrypted${missing === undefined ? "" : `: ${missing}`}`, () => {
  let facts: ReadonlyMap<string, Fact>;

  beforeAll(async () => {
    if (missing !== undefined) return;
    const scene = join(import.meta.dirname, "nftables.scene.ts");
    const options = { modules, memoryMegabytes: 1024, timeoutSeconds: 400 };
    facts = readFacts(await runProgramInGuest([scene], options, runInQemu));
  }, 420_000);

  test.skipIf(missing !== undefined).each(names)("%s", (name) => {
    expect(facts.get(name)).toMatchObject({ held: true });
  });
});
