import { execFileSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CertificateRequest,
  readRequest,
  requestCertificate,
} from "../../../../plugin/x509/request.ts";
import { opensslRequest } from "./openssl.ts";
import { REQUEST, signedByAnother } from "./posed.ts";

function bytesOf(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----.*/g, ""), "base64");
}

function asPem(bytes: Uint8Array): string {
  const base64 = Buffer.from(bytes).toString("base64");
  return `-----BEGIN ${REQUEST}-----\n${base64}\n-----END ${REQUEST}-----\n`;
}

const pair = generateKeyPairSync("ec", { namedCurve: "P-384" });
const ours = requestCertificate(pair.privateKey, "n1.cloud-a");

describe("a certificate request", () => {
  it("is one to openssl, with its names and a signature that fits", () => {
    const text = execFileSync(
      "openssl",
      "req -noout -text -verify".split(" "),
      {
        input: ours,
        encoding: "utf8",
        stdio: ["pipe", "pipe", "ignore"],
      },
    );
    expect(text).toMatch(/Subject: O ?= ?crosslink, CN ?= ?n1\.cloud-a/);
    expect(text).toMatch(/X509v3 Subject Alternative Name:\s+DNS:n1\.cloud-a/);
    expect(text).toContain("ecdsa-with-SHA384");
    expect(text).toContain("P-384");
  });

  it("reads as it was written", () => {
    const request = readRequest(ours);
    expect(request).toMatchObject({
      subject: [
        { is: "organization", text: "crosslink" },
        { is: "common name", text: "n1.cloud-a" },
      ],
      ...{ dnsNames: ["n1.cloud-a"], others: [], isProven: true },
    });
    expect(request.publicKey?.equals(pair.publicKey)).toBe(true);
  });

  it("has a name of 200 characters whole beside the subject's 64", () => {
    const long = `${"n".repeat(190)}.cloud-a`;
    const request = readRequest(requestCertificate(pair.privateKey, long));
    expect(request.dnsNames).toEqual([long]);
    expect(request.subject[1]?.text).toBe(long.slice(0, 64));
  });

  it.each<[string, string[], Partial<CertificateRequest>]>([
    [
      "P-256 and a name alone",
      ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
      { isProven: true, dnsNames: [], others: [] },
    ],
    [
      "an authority's extensions",
      [
        ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
        ...["-addext", "basicConstraints=critical,CA:TRUE"],
        ...["-addext", "subjectAltName=DNS:a.b,DNS:c.d"],
      ],
      {
        isProven: true,
        dnsNames: ["a.b", "c.d"],
        others: ["2.5.29.19"],
      },
    ],
    ["RSA", ["-newkey", "rsa:2048"], { isProven: false, publicKey: undefined }],
    ["Ed25519", ["-newkey", "ed25519"], { isProven: false }],
    [
      "another curve",
      ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"],
      { isProven: false, publicKey: undefined },
    ],
  ])("of openssl's with %s is read", (_, words, found) => {
    const request = opensslRequest("/O=crosslink/CN=n1.cloud-a", words);
    expect(readRequest(request)).toMatchObject(found);
  });

  it("with a curve of its own has no key that is taken", () => {
    const request = opensslRequest("/CN=n1", [
      ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
      ...["-pkeyopt", "ec_param_enc:explicit"],
    ]);
    expect(readRequest(request)).toMatchObject({
      ...{ publicKey: undefined, isProven: false },
    });
  });

  it("is not proven by another's signature", () => {
    expect(readRequest(signedByAnother(ours)).isProven).toBe(false);
  });

  it.each([
    ["", "nothing"],
    [`${ours}${ours}`, "two"],
    [ours.replaceAll(" REQUEST", ""), "another label"],
    [`${ours}more`, "something after it"],
    ["-----BEGIN CERTIFICATE REQUEST-----\n".repeat(2000), "a long text"],
    [asPem(Buffer.of(0x30, 0x80)), "no end"],
    [asPem(Buffer.concat([bytesOf(ours), Buffer.of(0)])), "a byte more"],
  ])("is refused as %#: %s", (text) => {
    expect(() => readRequest(text)).toThrow(RangeError);
  });

  it("with any bytes changed is refused, or not proven, or says the same", () => {
    const bytes = bytesOf(ours);
    const { publicKey: _key, ...said } = readRequest(ours);
    const change = fc.tuple(
      fc.nat({ max: bytes.length - 1 }),
      fc.integer({ min: 0, max: 255 }),
    );
    const changes = fc.array(change, { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(changes, fc.nat({ max: 3 }), (list, cut) => {
        const changed = Buffer.from(bytes.subarray(0, bytes.length - cut));
        for (const [at, value] of list)
          if (at < changed.length) changed[at] = value;
        try {
          const read = readRequest(asPem(changed));
          const { publicKey, ...words } = read;
          if (!words.isProven) return;
          expect(words).toEqual(said);
          expect(publicKey?.equals(createPublicKey(pair.privateKey))).toBe(
            true,
          );
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("of any bytes at all is refused by a RangeError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => readRequest(asPem(bytes))).toThrow(RangeError);
      }),
    );
  });
});
