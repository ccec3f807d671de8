import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { parseNetwork } from "../../../conf/network.ts";
import { withSession } from "../../../plugin/kernel/session.ts";
import { type Look, lookAround } from "../../../plugin/node/look.ts";
import { meshReader } from "../../../plugin/node/reader.ts";
import { binding } from "../../support/binding.ts";
import {
  HOST,
  linkOffice,
  type NodeSite,
  nodeSite,
} from "../../support/node-site.ts";

let site: NodeSite;

beforeEach(() => {
  site = nodeSite();
  linkOffice(site);
});
afterEach(() => {
  site[Symbol.dispose]();
});

/** Looks, while somebody does something between the list of the folder and the reading of its files, each time. */
function lookWhile(meanwhile: (time: number) => void): Look {
  const reader = meshReader();
  let times = 0;
  const config = parseNetwork({
    type: "crosslink",
    clustersDir: site.clustersDir,
  });
  const disturbed = {
    ...reader,
    clusters: (names: Parameters<typeof reader.clusters>[0]) => {
      meanwhile((times += 1));
      return reader.clusters(names);
    },
  };
  return withSession({ binding, netns: site.node.fd }, (session) =>
    lookAround(session, { config, host: HOST, reader: disturbed }),
  );
}

it("sees a folder without the file that goes while it looks", () => {
  const look = lookWhile((time) => {
    if (time === 1) site.removeCluster("office");
  });
  expect(look.trouble).toBeUndefined();
  expect(look.node?.mesh).toBeDefined();
});

it("sees the file that takes another's place while it looks", () => {
  const look = lookWhile((time) => {
    if (time > 1) return;
    site.removeCluster("office");
    site.writeCluster("branch", OFFICE);
  });
  expect(look.trouble).toBeUndefined();
});

it("sees a cluster without the slice that goes while it looks", () => {
  const slices = join(site.clustersDir, "office.d");
  mkdirSync(slices);
  writeFileSync(join(slices, "1.json"), '{"nodes": []}');
  const look = lookWhile((time) => {
    if (time === 1) rmSync(slices, { recursive: true });
  });
  expect(look.trouble).toBeUndefined();
  expect(look.node?.mesh).toBeDefined();
});

it("tells what is wrong with a file that stays", () => {
  let times = 0;
  const look = lookWhile((time) => {
    times = time;
    site.writeCluster("office", { ...OFFICE, encryption: "rot13" });
  });
  expect(look.trouble?.message).toContain("office.json");
  expect(times).toBe(1);
});

it("ends where files come and go all the time", () => {
  const look = lookWhile((time) => {
    site.removeCluster(time === 1 ? "office" : `branch${String(time - 1)}`);
    site.writeCluster(`branch${String(time)}`, OFFICE);
  });
  expect(look.trouble?.message).toMatch(/branch\d\.json/);
});

const OFFICE = {
  encryption: "none",
  podCIDRs: ["192.168.7.0/24"],
  nodes: [{ name: "router", ips: ["172.17.1.1"] }],
};
