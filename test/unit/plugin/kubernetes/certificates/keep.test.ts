import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { keepCertificate } from "../../../../../plugin/kubernetes/certificates/keep.ts";
import { asCluster } from "../../../../../plugin/kubernetes/kinds.ts";
import { orAwaited } from "../../../../../plugin/ike/charon/node-identity.ts";
import {
  type Answer,
  fakeApi,
  json,
} from "../../../../support/kubernetes/fake-api.ts";
import { until } from "../../../../support/until.ts";
import { authorityOfA } from "./asked.ts";

const { certificate: ca } = authorityOfA();
const own = (spec: object = {}, discovered: object = { ca }) => [
  asCluster({
    metadata: { name: "b" },
    spec: { peer: {}, keying: "ike" },
    status: { discovered },
  } as never),
  asCluster({
    metadata: { name: "a" },
    spec: { local: true, keying: "ike", ...spec },
    status: { discovered },
  } as never),
];

async function site(answer: Answer) {
  const api = await fakeApi();
  api.answers.push(answer);
  const folder = mkdtempSync(join(tmpdir(), "crosslink-node-"));
  const lines: string[] = [];
  const kept = keepCertificate({
    access: api.access,
    log: (level, line) => lines.push(`${level} ${line}`),
    folder: () => folder,
    node: "n1",
  });
  return {
    ...{ api, folder, lines, kept },
    [Symbol.asyncDispose]: async () => {
      kept.stop();
      await api[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

describe("keepCertificate()", () => {
  it("says what it waits for, and nothing once nobody wants a certificate", async () => {
    await using s = await site((response, asked) => {
      const status = asked.method === "POST" ? 201 : 404;
      json({}, { status })(response, asked);
    });
    s.kept.look(own());
    await until(() => s.kept.waitsFor() !== undefined);
    expect(s.kept.waitsFor()).toMatch(/"crosslink-n1-[0-9a-f]{20}" is not yet/);
    s.kept.look(own({ keying: "derived" }));
    expect(s.kept.waitsFor()).toBeUndefined();
  });

  it("says once in the log what is refused, with the right's name", async () => {
    const message = "cannot get resource";
    await using s = await site(json({ message }, { status: 403 }));
    s.kept.look(own());
    await until(() => s.api.asked.length > 1);
    await until(() => s.kept.waitsFor()?.includes(message) === true);
    expect(s.lines.filter((line) => line.startsWith("warn"))).toHaveLength(1);
    expect(s.lines.join()).toContain(message);
  });

  it("waits for the admin where he revokes this node's, and asks again once he does no more", async () => {
    await using s = await site((response, asked) => {
      const status = asked.method === "POST" ? 201 : 404;
      json({}, { status })(response, asked);
    });
    const naming = (names: string) =>
      own().map((one) => ({
        ...one,
        metadata: {
          ...one.metadata,
          annotations: { "crosslink.io/revoked": names },
        },
      }));
    s.kept.look(naming("n0,n1"));
    await until(() => s.kept.waitsFor() !== undefined);
    expect(s.kept.waitsFor()).toContain("crosslink.io/revoked");
    expect(s.api.asked).toEqual([]);
    s.kept.look(naming("n0"));
    await until(() => s.kept.waitsFor()?.includes("is not yet") === true);
  });

  it.each([
    ["the admin's own authority", own({ ca })],
    ["derived keys", own({ keying: "derived" })],
    ["secrets of a pair", own({}, {})],
    ["a peer alone", own().slice(0, 1)],
  ])("asks for nothing with %s", async (_, clusters) => {
    await using s = await site(json({}, { status: 404 }));
    s.kept.look(clusters);
    // Whatever it does it does at once: what it makes first is a key.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(s.api.asked).toEqual([]);
    expect(existsSync(join(s.folder, "node.key"))).toBe(false);
  });
});

describe("orAwaited()", () => {
  it("has the trouble be what is waited for, where there is any", () => {
    expect(orAwaited("no certificate", "it is denied")).toBe(
      "This node cannot prove who it is yet: it is denied",
    );
    expect(orAwaited("no certificate", undefined)).toBe("no certificate");
    const identity = { certificate: "c", key: {} } as never;
    expect(orAwaited(identity, "a renewal")).toBe(identity);
  });
});
