import {
  existsSync,
  lstatSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type AgentSite, agentSite } from "../../support/agent/site.ts";
import { connect, type Namespace, namespace } from "../../support/namespace.ts";
import { linkOffice } from "../../support/node-site.ts";
import { until } from "../../support/until.ts";

let site: AgentSite;
let pod: Namespace;
let run: string;

beforeEach(() => {
  site = agentSite();
  pod = namespace();
  connect(site.node, "veth0", pod, "eth0");
  linkOffice(site);
  run = dirname(site.socket);
});

afterEach(() => {
  pod[Symbol.dispose]();
  site[Symbol.dispose]();
});

/** Names and rights of what is in the agent's folder, and the folder's own, which is /run/crosslink for it; but for drafts. */
function standing(): string[] {
  return [".", ...readdirSync(run)]
    .filter((name) => !/\.\d+$/.test(name))
    .sort()
    .map(
      (name) =>
        `${name} ${(lstatSync(join(run, name)).mode & 0o7777).toString(8)}`,
    );
}

/** By the agent alone: its launcher has no full binary beside it. */
async function isServed(): Promise<boolean> {
  const { status } = await site.launch(site.alone, "ADD", {
    pod,
    config: {
      cniVersion: "0.2.0",
      prevResult: { cniVersion: "0.2.0", ip4: { ip: "10.0.0.7/32" } },
    },
  });
  return status === 0;
}

const OURS = [".", "agent.sock", "agent.sock.lock", "metrics.sock"];
const RIGHTS = [
  ". 700",
  "agent.sock 600",
  "agent.sock.lock 600",
  "metrics.sock 600",
];

it.each([
  [
    "the folder is removed",
    () => {
      rmSync(run, { recursive: true });
    },
  ],
  [
    "the folder is moved away",
    () => {
      renameSync(run, `${run}.away`);
    },
  ],
  [
    "the folder is emptied",
    () => {
      for (const name of readdirSync(run)) rmSync(join(run, name));
    },
  ],
  [
    "the sockets are removed",
    () => {
      rmSync(site.socket);
      rmSync(join(run, "metrics.sock"));
    },
  ],
])("an agent listens again where %s, time and again", async (_, damage) => {
  await using agent = await site.startAgent();
  await until(() => readdirSync(run).includes("lock"));
  expect(await isServed()).toBe(true);
  for (let time = 1; time <= 2; time += 1) {
    damage();
    await until(() => OURS.every((name) => existsSync(join(run, name))), {
      limitSeconds: 20,
      describe: agent.log,
    });
    expect(standing()).toEqual(expect.arrayContaining(RIGHTS));
    expect(await isServed()).toBe(true);
    rmSync(`${run}.away`, { recursive: true, force: true });
  }
  await expect(site.startAgent()).rejects.toThrow("another agent does");
});

it("an agent whose folder was emptied leaves there what it left before", async () => {
  await using agent = await site.startAgent();
  expect(await isServed()).toBe(true);
  // It looks once more, and leaves word of what it finds right.
  rmSync(site.socket);
  await until(() => existsSync(join(run, "fence-verified")));
  const before = standing();
  for (const name of readdirSync(run)) rmSync(join(run, name));
  await until(() => before.every((each) => standing().includes(each)), {
    limitSeconds: 60,
    describe: () => `${before.join()}; ${standing().join()}: ${agent.log()}`,
  });
});
