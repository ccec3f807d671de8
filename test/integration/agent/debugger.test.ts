import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AgentSite, agentSite } from "../../support/agent/site.ts";
import { linkOffice } from "../../support/node-site.ts";

let site: AgentSite;
let folder: string;

beforeEach(() => {
  site = agentSite();
  linkOffice(site);
  folder = mkdtempSync(join(tmpdir(), "crosslink-debugger-"));
});
afterEach(() => {
  site[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

describe("the agent", () => {
  it("opens no debugger at SIGUSR1, and goes on", async () => {
    await using agent = await site.startAgent();
    agent.process.kill("SIGUSR1");
    for (let look = 0; look < 10; look += 1) {
      const ended = await site.launch(site.alone, "DEL", { containerId: "x" });
      expect(ended).toMatchObject({ status: 0 });
      expect(site.node.exec("ss", "-Hltn")).toBe("");
    }
    expect(agent.log()).not.toContain("Debugger");
  });
});

describe("the launcher", () => {
  it("keeps Node's own variables from the full binary, but not the node's name", async () => {
    copyFileSync(join(site.alone, "crosslink"), join(folder, "crosslink"));
    const full = join(folder, "crosslink.full");
    writeFileSync(full, "#!/bin/sh\nenv\n", { mode: 0o755 });
    const { stdout } = await site.launch(folder, "STATUS", {
      environment: {
        NODE_V8_COVERAGE: folder,
        NODE_NAME: "node9",
        NODE_OPTIONS: "--inspect",
        CNI_ARGS: "A=b",
      },
    });
    const names = [...stdout.matchAll(/^(NODE_\w+|CNI_ARGS)=/gm)];
    expect(names.map(([, name]) => name).sort()).toEqual([
      "CNI_ARGS",
      "NODE_NAME",
    ]);
  });
});
