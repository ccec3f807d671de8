import { describe, expect, it } from "vitest";
import { takeAnswers } from "../../../../../plugin/kubernetes/publish/answers.ts";
import { fakeApi, json } from "../../../../support/kubernetes/fake-api.ts";

const base64 = (texts: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [
      key,
      Buffer.from(text).toString("base64"),
    ]),
  );
const secret = (name: string, texts: Record<string, string>) => ({
  metadata: { name, namespace: "crosslink-system" },
  data: base64(texts),
});
const kept = secret("peer-b", { allowed: '["10.20.0.0/16"]' });
const answer = { server: "https://b.example", token: "a.b.c", ca: "CA" };

async function taken(...secrets: ReturnType<typeof secret>[]) {
  await using api = await fakeApi();
  api.answers.push(json({}));
  const lines: string[] = [];
  await takeAnswers(api.access, secrets, (_, line) => lines.push(line));
  const clusters = api.asked.filter(({ path }) => path.endsWith("/clusters"));
  return { lines, clusters: clusters.map(({ body }) => body.spec as unknown) };
}

describe("takeAnswers()", () => {
  it("lets an invited cluster claim what its inviter allowed, whatever it writes into its answer", async () => {
    const greedy = { ...answer, allowed: '["0.0.0.0/0"]' };
    const { clusters } = await taken(kept, secret("invitation-b", greedy));
    expect(clusters).toEqual([
      { peer: { server: "https://b.example", allowedCIDRs: ["10.20.0.0/16"] } },
    ]);
  });

  it.each([
    [{ ...answer, server: "https://127.0.0.1" }, "it is this machine itself"],
    [{ ...answer, server: "http://b" }, "it is no https:// URL"],
    [{ ...answer, token: "a\r\nb" }, "is no answer"],
    [{ ...answer, ca: "x".repeat(70_000) }, "is no answer"],
  ])("takes nothing from %#", async (texts, sentence) => {
    const found = await taken(kept, secret("invitation-b", texts));
    expect(found.lines.join()).toContain(sentence);
    expect(found.clusters).toEqual([]);
  });

  it("waits for an answer, and takes none of somebody who was not invited", async () => {
    expect((await taken(kept, secret("invitation-b", {}))).lines).toEqual([]);
    const found = await taken(secret("invitation-b", answer));
    expect(found.lines.join()).toContain("nobody invited");
    expect(found.clusters).toEqual([]);
  });
});
