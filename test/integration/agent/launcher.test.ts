import { chmodSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeAnswer } from "../../../plugin/agent/call/frame.ts";
import { type AgentSite, agentSite } from "../../support/agent/site.ts";
import {
  answerHeader,
  type FakeConnection,
  fakeAgent,
  writeStandIn,
} from "../../support/agent/fake.ts";
import { until } from "../../support/until.ts";

let site: AgentSite;

beforeEach(() => {
  site = agentSite(["-DANSWER_MS=1000"]);
  writeStandIn(join(site.whole, "crosslink.full"));
});

afterEach(() => {
  site[Symbol.dispose]();
});

const stdin = "x".repeat(100_000);
const standIn = {
  status: 7,
  stdout: "full binary, 100000 bytes",
  stderr: "",
};

function launch(): Promise<object> {
  return site.launch(site.whole, "ADD", { stdin });
}

function send(...parts: Uint8Array[]): (connection: FakeConnection) => void {
  return ({ send, close }) => {
    for (const part of parts) send(part);
    close();
  };
}

const answer = { exitCode: 3, stdout: "out", stderr: "err" };
const [whole = Buffer.alloc(0)] = encodeAnswer(answer);
const long = {
  exitCode: 0,
  stdout: "ü".repeat(90_000),
  stderr: "e".repeat(50_000),
};

describe("the launcher", () => {
  it("prints what the agent answers", async () => {
    using agent = fakeAgent(site.socket, send(whole));
    expect(await launch()).toEqual({ status: 3, stdout: "out", stderr: "err" });
    const message = Buffer.from(agent.calls[0]?.message ?? []).toString();
    expect(message).toContain("/crosslink\0");
    expect(message).toContain("\0CNI_COMMAND=ADD\0");
    expect(message).not.toContain("PATH=/usr");
  });

  it("prints an answer of many messages", async () => {
    using agent = fakeAgent(site.socket, send(...encodeAnswer(long)));
    const { exitCode: status, ...text } = long;
    expect(await launch()).toEqual({ status, ...text });
    expect(agent.calls).toHaveLength(1);
  });

  it.each<[string, (connection: FakeConnection) => void]>([
    ["never answers", () => undefined],
    [
      "goes away without an answer",
      ({ close }) => {
        close();
      },
    ],
    [
      "goes away in the middle of an answer",
      send(...encodeAnswer(long).slice(0, 3)),
    ],
    [
      "stops in the middle of an answer",
      ({ send }) => {
        for (const part of encodeAnswer(long).slice(0, 3)) send(part);
      },
    ],
    ["goes away after a header", send(answerHeader({ stdout: 5 }))],
    ["says less than a header", send(Buffer.from("CLK1"))],
    ["speaks another protocol", send(answerHeader({ magic: "CLK2" }))],
    [
      "announces too much",
      send(answerHeader({ stdout: 9 << 20 }), Buffer.alloc(100)),
    ],
    [
      "announces more than there can be",
      send(answerHeader({ stdout: 0xffffffff, stderr: 0xffffffff })),
    ],
    [
      "says more than it announced",
      send(Buffer.concat([answerHeader({ stdout: 2 }), Buffer.from("abc")])),
    ],
    [
      "says more in the end than it announced",
      send(answerHeader({ stdout: 2 }), Buffer.from("abc")),
    ],
    ["gives no exit code", send(answerHeader({ code: 256 }))],
    [
      "sends a message longer than any",
      send(
        Buffer.concat([
          answerHeader({ stdout: 100_000 }),
          Buffer.alloc(100_000),
        ]),
      ),
    ],
  ])("becomes the full binary where the agent %s", async (_, act) => {
    using agent = fakeAgent(site.socket, act);
    expect(await launch()).toEqual(standIn);
    expect(agent.calls).toHaveLength(1);
  });

  it("becomes the full binary where nobody takes the connection", async () => {
    await using agent = await site.startAgent();
    agent.process.kill("SIGSTOP");
    expect(await launch()).toEqual(standIn);
    // Served now, the call would come after whatever the runtime did since.
    agent.process.kill("SIGCONT");
    await until(() => agent.log().includes("its caller is gone"));
    expect(agent.log()).not.toContain("crosslink ADD");
  });

  it("becomes the full binary where the agent is killed while it waits", async () => {
    await using agent = await site.startAgent();
    agent.process.kill("SIGSTOP");
    const launched = launch();
    setTimeout(() => agent.process.kill("SIGKILL"), 200);
    expect(await launched).toEqual(standIn);
  });

  it("becomes the full binary where the socket's folder is missing, or its name is too long", async () => {
    for (const named of ["/nowhere/agent.sock", `/${"x".repeat(200)}`, ""]) {
      const environment = { CROSSLINK_AGENT: named };
      const ended = await site.launch(site.whole, "ADD", {
        stdin,
        environment,
      });
      expect(ended).toEqual(standIn);
    }
  });

  it("becomes the full binary where the call is too long for a message", async () => {
    using agent = fakeAgent(site.socket, send(whole));
    const environment = { CNI_ARGS: "A=b;".repeat(20_000) };
    const ended = await site.launch(site.whole, "ADD", { stdin, environment });
    expect(ended).toEqual(standIn);
    expect(agent.calls).toHaveLength(0);
  });

  it("leaves VERSION and the command line to the full binary", async () => {
    using agent = fakeAgent(site.socket, send(whole));
    expect(await site.launch(site.whole, "VERSION", { stdin })).toEqual(
      standIn,
    );
    expect(agent.calls).toHaveLength(0);
  });

  it("believes no agent that is not root's", async () => {
    chmodSync(site.folder, 0o777);
    const socket = join(site.folder, "agent.sock");
    // Who listens is who the kernel says is at the other end.
    process.seteuid?.(65534);
    using agent = fakeAgent(socket, send(whole));
    process.seteuid?.(0);
    const environment = { CROSSLINK_AGENT: socket };
    const ended = await site.launch(site.whole, "ADD", { stdin, environment });
    expect(ended).toEqual(standIn);
    expect(agent.calls.map(({ message }) => message.length)).toEqual([0]);
  });
});
