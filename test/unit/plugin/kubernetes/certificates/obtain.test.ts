import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  X509Certificate,
} from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readIdentity } from "../../../../../plugin/ike/charon/node-identity.ts";
import { obtain } from "../../../../../plugin/kubernetes/certificates/obtain.ts";
import { certifyNode } from "../../../../../plugin/x509/certificate.ts";
import { revocationList } from "../../../../../plugin/x509/revocation.ts";
import { readRequest } from "../../../../../plugin/x509/request.ts";
import {
  type Answer,
  fakeApi,
  json,
} from "../../../../support/kubernetes/fake-api.ts";
import { authorityOfA, inObject, requestOf } from "./asked.ts";

/** An API server that keeps requests, and a node n1 of cluster a before it. */
async function site() {
  const requests = new Map<string, any>(); // eslint-disable-line @typescript-eslint/no-explicit-any -- JSON
  const answer: Answer = (response, { method, path, body }) => {
    const name =
      method === "POST" ? body.metadata.name : path.split("/").at(-1);
    if (method === "POST") requests.set(name, body);
    const found = requests.get(name);
    const status = found === undefined ? 404 : 200;
    json(found ?? {}, { status })(response, {} as never);
  };
  const api = await fakeApi();
  api.answers.push(answer);
  const folder = mkdtempSync(join(tmpdir(), "crosslink-node-"));
  const authority = authorityOfA();
  const lines: string[] = [];
  const time = { now: Date.now() };
  const path = (name: string) => join(folder, name);
  return {
    ...{ api, requests, folder, authority, lines, time, path },
    step: (words: { crl?: string; isRefused?: true } = {}) =>
      obtain(
        {
          access: api.access,
          log: (_, line, facts) => lines.push(line + JSON.stringify(facts)),
          folder: () => folder,
          node: "n1",
          clock: () => time.now,
        },
        { cluster: "a", ca: authority.certificate, ...words },
      ),
    /** What the publisher answers, or somebody in its place. */
    answer: (
      { identity = "n1.a", by = authority, seconds = 900, now = time.now } = {},
      key = createPublicKey(readFileSync(path("node.key"), "utf8")),
    ) => {
      const life = { publicKey: key, now: new Date(now), seconds };
      const certificate = inObject(certifyNode(by, identity, life));
      for (const one of requests.values()) one.status ??= { certificate };
    },
    held: () => new X509Certificate(readFileSync(path("node.crt"), "utf8")),
    [Symbol.asyncDispose]: async () => {
      await api[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

describe("obtain()", () => {
  it("makes a key, asks for the node's name once, waits, and takes what was signed", async () => {
    await using s = await site();
    expect(await s.step()).toMatchObject({ is: "awaited" });
    expect(statSync(s.path("node.key")).mode & 0o777).toBe(0o600);
    const [[name, { spec }] = []] = s.requests;
    expect(name).toMatch(/^crosslink-n1-[0-9a-f]{20}$/);
    expect(spec).toMatchObject({
      signerName: "crosslink.io/node",
      usages: ["digital signature", "server auth", "client auth"],
    });
    const request = readRequest(Buffer.from(spec.request, "base64").toString());
    expect(request).toMatchObject({ dnsNames: ["n1.a"], isProven: true });
    // As after a restart: the same name, and nothing is asked for twice.
    const waiting = await s.step();
    expect(waiting).toMatchObject({ is: "awaited" });
    expect("sentence" in waiting && waiting.sentence).toContain(name);
    expect(s.api.asked.filter(({ method }) => method === "POST")).toHaveLength(
      1,
    );
    s.answer();
    expect(await s.step()).toMatchObject({ is: "held" });
    expect(s.held().subjectAltName).toBe("DNS:n1.a");
    expect(readIdentity(s.folder, "n1.a")).toHaveProperty("certificate");
    const before = s.api.asked.length;
    expect(await s.step()).toMatchObject({ is: "held" });
    expect(s.api.asked).toHaveLength(before);
  });

  it("sends no private key, and logs none", async () => {
    await using s = await site();
    await s.step();
    s.answer();
    await s.step();
    const { d = "" } = createPrivateKey(
      readFileSync(s.path("node.key"), "utf8"),
    ).export({ format: "jwk" });
    const raw = Buffer.from(d, "base64url");
    const sent = s.api.asked
      .map(({ body }) =>
        Buffer.from(body?.spec.request ?? "", "base64").toString(),
      )
      .filter((text) => text !== "")
      .map((text) => Buffer.from(text.replace(/-----.*-----/g, ""), "base64"));
    expect(sent).toHaveLength(1);
    for (const bytes of sent) expect(bytes.includes(raw)).toBe(false);
    const base64 =
      readFileSync(s.path("node.key"), "utf8").split("\n")[1] ?? "";
    expect(s.lines.join() + JSON.stringify(s.api.asked)).not.toContain(base64);
  });

  it("renews after two thirds of its life, for the same key, by a request of its own", async () => {
    await using s = await site();
    await s.step();
    s.answer({ seconds: 900 }); // and 300 before
    const held = await s.step();
    const renewsAt = "renewsAt" in held ? held.renewsAt : NaN;
    expect(renewsAt - s.time.now).toBeLessThanOrEqual(500_000);
    expect(renewsAt - s.time.now).toBeGreaterThan(435_000);
    const first = s.held();
    const key = readFileSync(s.path("node.key"), "utf8");
    s.time.now = renewsAt - 1000;
    expect(await s.step()).toMatchObject({ is: "held" });
    expect(s.requests.size).toBe(1);
    s.time.now = renewsAt;
    expect(await s.step()).toMatchObject({ is: "awaited" });
    expect(s.requests.size).toBe(2);
    // It serves until the next one is there.
    expect(s.held().raw.equals(first.raw)).toBe(true);
    s.answer();
    expect(await s.step()).toMatchObject({ is: "held" });
    expect(s.held().serialNumber).not.toBe(first.serialNumber);
    expect(readFileSync(s.path("node.key"), "utf8")).toBe(key);
  });

  it("makes another key, once, where its certificate was revoked, and asks for that", async () => {
    await using s = await site();
    await s.step();
    s.answer();
    await s.step();
    const { serialNumber: serial } = s.held();
    const key = () => readFileSync(s.path("node.key"), "utf8");
    const first = key();
    const now = new Date();
    const list = (by: typeof s.authority, ...serials: string[]) =>
      revocationList(
        by,
        serials.map((one) => ({ serial: one, since: now })),
        { number: 1, from: now, until: now },
      );
    for (const crl of [
      list(s.authority, "40AA"),
      list(authorityOfA(), serial),
      "nonsense",
    ])
      expect(await s.step({ crl })).toMatchObject({ is: "held" });
    expect(key()).toBe(first);
    const crl = list(s.authority, "40AA", serial);
    expect(await s.step({ crl })).toMatchObject({ is: "awaited" });
    const second = key();
    expect(second).not.toBe(first);
    expect(await s.step({ crl })).toMatchObject({ is: "awaited" });
    expect(key()).toBe(second);
    s.answer();
    expect(await s.step({ crl })).toMatchObject({ is: "held" });
    expect(s.held().serialNumber).not.toBe(serial);
    expect(s.lines.join()).toContain("was revoked");
  });

  it("asks for nothing while the admin refuses it", async () => {
    await using s = await site();
    const found = await s.step({ isRefused: true });
    expect(found).toMatchObject({ is: "refused" });
    expect("sentence" in found && found.sentence).toContain(
      "crosslink.io/revoked",
    );
    expect(s.api.asked).toEqual([]);
    expect(existsSync(s.path("node.key"))).toBe(false);
  });

  it("asks again where its cluster has another authority", async () => {
    await using s = await site();
    await s.step();
    s.answer({ by: authorityOfA() });
    const found = await s.step();
    expect(found).toMatchObject({ is: "refused" });
    expect("sentence" in found && found.sentence).toContain("authority");
    expect(existsSync(s.path("node.crt"))).toBe(false);
    s.requests.clear();
    await s.step();
    s.answer();
    expect(await s.step()).toMatchObject({ is: "held" });
    const other = authorityOfA();
    Object.assign(s.authority, other);
    expect(await s.step()).toMatchObject({ is: "awaited" });
  });

  const foreign = generateKeyPairSync("ec", { namedCurve: "P-384" });
  it.each<[string, (s: Awaited<ReturnType<typeof site>>) => void, string]>([
    [
      "another name",
      (s) => {
        s.answer({ identity: "n2.a" });
      },
      "not for n1.a",
    ],
    [
      "a wildcard",
      (s) => {
        s.answer({ identity: "*.a" });
      },
      "not for n1.a",
    ],
    [
      "another key",
      (s) => {
        s.answer({}, foreign.publicKey);
      },
      "for another key",
    ],
    [
      "what is none",
      (s) => {
        for (const one of s.requests.values())
          one.status = { certificate: "eA==" };
      },
      "makes no sense",
    ],
    [
      "a denial",
      (s) => {
        const conditions = [{ type: "Denied", message: "there is no Node" }];
        for (const one of s.requests.values()) one.status = { conditions };
      },
      "is denied: there is no Node",
    ],
    [
      "another's request of that name",
      (s) => {
        s.answer();
        for (const one of s.requests.values())
          one.spec.request = inObject(requestOf("n1.a"));
      },
      "is not this node's",
    ],
  ])(
    "takes no certificate from %s, and asks again once that is gone",
    async (_, make, words) => {
      await using s = await site();
      await s.step();
      make(s);
      for (const again of [0, 1]) {
        const found = await s.step();
        expect(found, String(again)).toMatchObject({ is: "refused" });
        expect("sentence" in found && found.sentence).toContain(words);
      }
      expect(
        s.api.asked.filter(({ method }) => method === "POST"),
      ).toHaveLength(1);
      expect(existsSync(s.path("node.crt"))).toBe(false);
      s.requests.clear();
      await s.step();
      s.answer();
      expect(await s.step()).toMatchObject({ is: "held" });
    },
  );

  it.each<[string, (path: string) => void, string]>([
    [
      "others can read",
      (path) => {
        chmodSync(path, 0o640);
      },
      "not root's alone",
    ],
    [
      "makes no sense",
      (path) => {
        writeFileSync(path, "no key");
      },
      "no key of ECDSA",
    ],
    [
      "is RSA",
      (path) => {
        const { privateKey } = generateKeyPairSync("rsa", {
          modulusLength: 2048,
        });
        writeFileSync(
          path,
          privateKey.export({ type: "pkcs8", format: "pem" }),
        );
      },
      "no key of ECDSA",
    ],
  ])(
    "says what to do about a key that %s, and leaves it",
    async (_, make, words) => {
      await using s = await site();
      await s.step();
      make(s.path("node.key"));
      const before = readFileSync(s.path("node.key"), "utf8");
      const found = await s.step();
      expect(found).toMatchObject({ is: "refused" });
      expect("sentence" in found && found.sentence).toContain(words);
      expect(readFileSync(s.path("node.key"), "utf8")).toBe(before);
    },
  );
});
