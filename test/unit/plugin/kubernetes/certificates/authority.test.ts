import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ownAuthority } from "../../../../../plugin/kubernetes/certificates/authority.ts";
import { asCluster } from "../../../../../plugin/kubernetes/kinds.ts";
import { fakeApi, json } from "../../../../support/kubernetes/fake-api.ts";

const annotations = { "crosslink.io/certificates": "true" };
const cluster = (
  words: { metadata?: object; spec?: object; ca?: string } = {},
) =>
  asCluster({
    metadata: { name: "a", annotations, ...words.metadata },
    spec: { local: true, keying: "ike", ...words.spec },
    status: words.ca === undefined ? {} : { discovered: { ca: words.ca } },
  } as never);

/** What was stored, as an API server gives it back. */
const stored = (texts: Readonly<Record<string, string>>) => {
  const data = Object.entries(texts).map(([key, text]) => [
    key,
    Buffer.from(text).toString("base64"),
  ]);
  const metadata = { name: "authority", namespace: "crosslink-system" };
  const secret = { metadata, data: Object.fromEntries(data) };
  return new Map([["crosslink-system/authority", secret]]);
};

async function site(status = 201) {
  const api = await fakeApi();
  api.answers.push(json({}, { status }));
  const lines: string[] = [];
  const publishing = {
    access: api.access,
    log: (_: string, line: string, facts: object = {}) =>
      lines.push(line + JSON.stringify(facts)),
  };
  return {
    ...{ api, lines },
    own: (...given: [ReturnType<typeof cluster>, ReturnType<typeof stored>?]) =>
      ownAuthority(publishing, given[0], given[1]),
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}

const NONE = new Map() as ReturnType<typeof stored>;

describe("ownAuthority()", () => {
  it("is made once, in a Secret, and read from there; its key is in no line", async () => {
    await using s = await site();
    expect(await s.own(cluster(), NONE)).toEqual({});
    expect(s.api.asked).toHaveLength(1);
    const [{ method, path, body } = {} as never] = s.api.asked;
    expect(`${method} ${path}`).toBe(
      "POST /api/v1/namespaces/crosslink-system/secrets",
    );
    const texts = body.stringData as Record<string, string>;
    const found = await s.own(cluster(), stored(texts));
    expect(found.certificate).toBe(texts["ca.crt"]);
    expect(found.authority?.certificate).toBe(found.certificate);
    expect(new X509Certificate(found.certificate ?? "").subject).toContain(
      "CN=CA of a",
    );
    expect(s.api.asked).toHaveLength(1);
    const secret = texts["ca.key"]?.split("\n")[1] ?? "";
    expect(secret.length).toBeGreaterThan(60);
    expect(s.lines.join() + JSON.stringify(found)).not.toContain(secret);
  });

  it("is the other publisher's where that was faster", async () => {
    await using s = await site(409);
    expect(await s.own(cluster(), NONE)).toEqual({});
    expect(s.lines).toEqual([]);
  });

  it.each([
    ["nobody asks for it", cluster({ metadata: { annotations: {} } })],
    ["keys are derived", cluster({ spec: { keying: "derived" } })],
    ["the admin has one of his own", cluster({ spec: { ca: "PEM" } })],
  ])("is none where %s", async (_, own) => {
    await using s = await site();
    expect(await s.own(own, NONE)).toEqual({});
    expect(s.api.asked).toEqual([]);
  });

  it("stays published, and is not made anew, while its Secret is not known, is gone or makes no sense", async () => {
    await using s = await site();
    const own = cluster({ ca: "PEM" });
    expect(await s.own(own)).toEqual({ certificate: "PEM" });
    const gone = await s.own(own, NONE);
    expect(gone).toMatchObject({
      certificate: "PEM",
      trouble: expect.stringContaining("has gone"),
    });
    const odd = await s.own(own, stored({ "ca.crt": "x", "ca.key": "y" }));
    expect(odd).toMatchObject({
      certificate: "PEM",
      trouble: expect.stringContaining("no ca.crt"),
    });
    expect(s.api.asked).toEqual([]);
  });
});
