import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeAnswer } from "../../../plugin/agent/call/frame.ts";
import {
  type AgentSite,
  agentSite,
  sanitizing,
} from "../../support/agent/site.ts";
import type { Ended } from "../../support/binary.ts";
import {
  answerHeader,
  fakeAgent,
  writeStandIn,
} from "../../support/agent/fake.ts";

let site: AgentSite;

beforeAll(() => {
  site = agentSite(["-DANSWER_MS=5000"], sanitizing);
  writeStandIn(join(site.whole, "crosslink.full"));
});

afterAll(() => {
  site[Symbol.dispose]();
});

/** The sanitizers speak on stderr, and end the program. */
function expectSound(ended: Ended): void {
  expect(ended.stderr).not.toMatch(/Sanitizer|runtime error/);
  expect(ended.status).not.toBeNull();
}

const standIn = "full binary, 2 bytes";

/** What an answer has for stdout, as a reader of text sees it: as many bytes after the header as that says. */
function outputOf(answer: Buffer): string {
  const start = answerHeader({}).length;
  return answer.subarray(start, start + answer.readUInt32LE(8)).toString();
}

/** An answer whose bytes are no UTF-8. */
const NO_TEXT = [answerHeader({ stdout: 3 }), Buffer.from([0xff, 0xfe, 0xfd])];

describe("the launcher, with sanitizers", () => {
  it("survives any answer", async () => {
    const part = fc.uint8Array({ maxLength: 40 });
    const large = fc
      .integer({ min: 0, max: 70_000 })
      .map((length) => new Uint8Array(length).fill(0x61));
    const header = fc
      .record({
        code: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 300 })),
        stdout: fc.integer({ min: 0, max: 60 }),
        stderr: fc.integer({ min: 0, max: 60 }),
      })
      .map(answerHeader);
    const full = fc
      .record({
        exitCode: fc.integer({ min: 0, max: 255 }),
        stdout: fc.string({ maxLength: 70_000 }),
        stderr: fc.string({ maxLength: 70_000 }),
      })
      .map((answer) => Buffer.concat(encodeAnswer(answer)));
    const cut = fc
      .tuple(full, fc.integer({ min: 0, max: 40 }))
      .map(([bytes, lost]) => bytes.subarray(0, bytes.length - lost));
    const answers = fc.array(fc.oneof(part, header, large, cut), {
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(answers, async (parts) => {
        using agent = fakeAgent(site.socket, (connection) => {
          for (const bytes of parts) connection.send(bytes);
          connection.close();
        });
        const ended = await site.launch(site.whole, "DEL", { stdin: "{}" });
        expectSound(ended);
        expect(agent.calls).toHaveLength(1);
        // Either all of one answer, or the full binary's; never a part of each.
        if (ended.stdout === standIn) return;
        expect(ended.stdout).toBe(outputOf(Buffer.concat(parts)));
      }),
      { numRuns: 60, examples: [[NO_TEXT]] },
    );
  });

  it("survives any call", async () => {
    const value = fc
      .string({ unit: "grapheme", maxLength: 50 })
      .filter((text) => !text.includes("\0"));
    const long = fc
      .integer({ min: 0, max: 70_000 })
      .map((length) => "v".repeat(length));
    const calls = fc.record({
      environment: fc.dictionary(
        fc.stringMatching(/^CNI_[A-Z]{1,9}$/),
        fc.oneof(value, value, long),
        { maxKeys: 3 },
      ),
      stdin: fc.oneof(
        value,
        long,
        long.map((text) => text.repeat(9)),
      ),
    });
    await fc.assert(
      fc.asyncProperty(calls, async ({ environment, stdin }) => {
        const answer = { exitCode: 0, stdout: "served", stderr: "" };
        using agent = fakeAgent(site.socket, ({ send, close }) => {
          for (const bytes of encodeAnswer(answer)) send(bytes);
          close();
        });
        const ended = await site.launch(site.whole, "DEL", {
          stdin,
          environment,
        });
        expectSound(ended);
        const bytes = Buffer.byteLength(stdin);
        expect(["served", `full binary, ${String(bytes)} bytes`]).toContain(
          ended.stdout,
        );
        expect(agent.calls.length <= 1).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});
