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
  const log = (_: string, line: string) => lines.push(line);
  const failed = await takeAnswers(api.access, secrets, log);
  const clusters = api.asked.filter(({ path }) => path.endsWith("/clusters"));
  const deleted = api.asked.filter(({ method }) => method === "DELETE");
  return {
    ...{ lines, failed },
    deleted: deleted.map(({ path }) => path.replace(/.*\//, "")),
    clusters: clusters.map(({ body }) => body.spec as unknown),
  };
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
    expect(found.deleted).toEqual(["invitation-b"]);
    expect(found.failed).toEqual([
      {
        peer: "b",
        reason: "AnswerRefused",
        sentence: expect.stringContaining(sentence) as string,
      },
    ]);
  });

  it("takes an invitation back that nobody answered, once any clock says that it is over", async () => {
    const aged = (hours: number) => {
      const one = secret("invitation-b", { from: "a" });
      const made = new Date(Date.now() - hours * 3_600_000);
      const creationTimestamp = made.toISOString();
      return { ...one, metadata: { ...one.metadata, creationTimestamp } };
    };
    expect((await taken(kept, aged(1.9))).deleted).toEqual([]);
    const { deleted, failed } = await taken(kept, aged(2.1));
    expect(deleted).toEqual(["invitation-b"]);
    expect(failed).toMatchObject([{ peer: "b", reason: "InvitationExpired" }]);
  });

  it("waits for an answer, and takes none of somebody who was not invited", async () => {
    expect((await taken(kept, secret("invitation-b", {}))).lines).toEqual([]);
    const found = await taken(secret("invitation-b", answer));
    expect(found.lines.join()).toContain("nobody invited");
    expect(found.clusters).toEqual([]);
  });
});
