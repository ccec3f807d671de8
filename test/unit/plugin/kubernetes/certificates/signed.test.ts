import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  keyDigest,
  noteSigned,
  readSigned,
  removeSpent,
  signedOf,
} from "../../../../../plugin/kubernetes/certificates/signed.ts";
import { certifyNode } from "../../../../../plugin/x509/certificate.ts";
import { fakeApi, json } from "../../../../support/kubernetes/fake-api.ts";
import { authorityOfA, nodeKey, secretOf, signedFor } from "./asked.ts";

const PATH = "/api/v1/namespaces/crosslink-system/secrets";
const now = new Date("2026-06-01T00:00:00Z");
const pem = (seconds = 3600) =>
  certifyNode(authorityOfA(), "n1.a", {
    ...{ publicKey: nodeKey.publicKey, now, seconds, unique: "uid" },
  });
const entry = signedOf(pem(), "uid-of-n1");
const over = { ...entry, serial: "40", until: "2026-05-01T00:00:00.000Z" };

describe("what was signed for a node", () => {
  it("is noted by serial, key, Node and end", () => {
    const certificate = new X509Certificate(pem());
    expect(entry).toEqual({
      ...{ serial: certificate.serialNumber, node: "uid-of-n1" },
      key: keyDigest(nodeKey.publicKey),
      until: "2026-06-01T01:00:00.000Z",
    });
    expect(signedOf(pem(60), "u").serial).toBe(entry.serial);
  });

  it("is read back from what was written first, and beside it from what others have", async () => {
    await using api = await fakeApi();
    api.answers.push(json({}));
    const noting = { next: entry, now: now.getTime() };
    await noteSigned(api.access, "n1", { before: undefined, ...noting });
    const [{ method, path, body } = {} as never] = api.asked;
    expect(`${method} ${path}`).toBe(`POST ${PATH}`);
    const { metadata, stringData } = body;
    const secrets = [
      secretOf(metadata.name, stringData),
      secretOf("peer-b", { token: "t" }),
    ];
    expect([...readSigned(secrets).values()]).toEqual([
      signedFor("n1", [entry]),
    ]);
  });

  it("is written over by nobody who has not seen it: what holds still stays, and one that is signed again is one", async () => {
    await using api = await fakeApi();
    api.answers.push(json({}, { status: 409 }));
    const again = { ...entry, until: "2026-06-01T02:00:00.000Z" };
    const other = { ...entry, serial: "41" };
    const before = signedFor("n1", [over, entry, other]);
    const noting = { before, next: again, now: now.getTime() };
    await expect(noteSigned(api.access, "n1", noting)).rejects.toThrow();
    const [{ method, path, body } = {} as never] = api.asked;
    expect(`${method} ${path}`).toBe(`PATCH ${PATH}/signed-n1`);
    expect(body.metadata).toEqual({ resourceVersion: "7" });
    expect(JSON.parse(body.stringData["certificates.json"])).toEqual([
      other,
      again,
    ]);
  });

  it.each([
    "",
    "{}",
    "[1]",
    "[null]",
    JSON.stringify([{ ...entry, serial: "x" }]),
    JSON.stringify([{ ...entry, until: "soon" }]),
    JSON.stringify([{ ...entry, key: 1 }]),
  ])("is unknown where %j is noted", (text) => {
    const secrets = [secretOf("signed-n1", { "certificates.json": text })];
    expect(readSigned(secrets).get("n1")).toEqual(signedFor("n1", undefined));
  });

  it("is forgotten once nothing of it holds, by nobody who has not seen the last of it", async () => {
    await using api = await fakeApi();
    api.answers.push(json({}, { status: 409 }));
    const until = new Date(Date.now() + 60_000).toISOString();
    const all = [
      signedFor("n1", [over]),
      signedFor("n2", [over, { ...entry, until }]),
      signedFor("n3", undefined),
    ];
    await removeSpent(api.access, new Map(all.map((one) => [one.node, one])));
    expect(api.asked).toMatchObject([
      {
        ...{ method: "DELETE", path: `${PATH}/signed-n1` },
        body: { preconditions: { resourceVersion: "7" } },
      },
    ]);
  });
});
