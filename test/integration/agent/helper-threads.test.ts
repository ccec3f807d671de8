import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { agentSite } from "../../support/agent/site.ts";
import { statField } from "../../support/proc-stat.ts";

const NICE = 19;

it("an agent's own thread goes before all of V8's", async () => {
  using site = agentSite();
  await using agent = await site.startAgent();
  const { pid } = agent.process;
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => ({
    isMain: Number(thread) === pid,
    name: readFileSync(`/proc/${pid}/task/${thread}/comm`, "utf8").trim(),
    nice: statField(`/proc/${pid}/task/${thread}/stat`, NICE),
  }));
  const [main] = threads.filter(({ isMain }) => isMain);
  expect(main?.nice).toBeLessThan(10);
  const workers = threads.filter(({ name }) => name === "V8Worker");
  expect(workers.length).toBeGreaterThan(0);
  expect(new Set(workers.map(({ nice }) => nice))).toEqual(new Set([10]));
});
