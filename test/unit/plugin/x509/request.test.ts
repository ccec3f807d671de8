import { execFileSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OID } from "../../../../plugin/x509/oid.ts";
import { decodePem, encodePem } from "../../../../plugin/x509/pem.ts";
import {
  type CertificateRequest,
  readRequest,
  requestCertificate,
} from "../../../../plugin/x509/request.ts";
import { opensslRequest } from "./openssl.ts";

const pair = generateKeyPairSync("ec", { namedCurve: "P-384" });
const ours = requestCertificate("n1.cloud-a", {
  publicKey: pair.publicKey,
  key: pair.privateKey,
});

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
        { oid: OID.organizationName, text: "crosslink" },
        { oid: OID.commonName, text: "n1.cloud-a" },
      ],
      ...{ dnsNames: ["n1.cloud-a"], others: [], isProven: true },
    });
    expect(request.publicKey?.equals(pair.publicKey)).toBe(true);
  });

  it("has a name of 200 characters whole beside the subject's 64", () => {
    const long = `${"n".repeat(190)}.cloud-a`;
    const { publicKey, privateKey: key } = pair;
    const request = readRequest(requestCertificate(long, { publicKey, key }));
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
        others: [OID.basicConstraints],
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

  it("with a curve of its own is refused", () => {
    const request = opensslRequest("/CN=n1", [
      ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
      ...["-pkeyopt", "ec_param_enc:explicit"],
    ]);
    expect(() => readRequest(request)).toThrow(RangeError);
  });

  it("is not proven by another's signature", () => {
    const other = generateKeyPairSync("ec", { namedCurve: "P-384" });
    const posed = requestCertificate("n1.cloud-a", {
      publicKey: pair.publicKey,
      key: other.privateKey,
    });
    expect(readRequest(posed).isProven).toBe(false);
  });

  it.each([
    ["", "nothing"],
    [`${ours}${ours}`, "two"],
    [ours.replaceAll(" REQUEST", ""), "another label"],
    [`${ours}more`, "something after it"],
    ["-----BEGIN CERTIFICATE REQUEST-----\n".repeat(2000), "a long text"],
    [encodePem("CERTIFICATE REQUEST", Buffer.of(0x30, 0x80)), "no end"],
    [
      encodePem(
        "CERTIFICATE REQUEST",
        Buffer.concat([decodePem("CERTIFICATE REQUEST", ours), Buffer.of(0)]),
      ),
      "a byte more",
    ],
  ])("is refused as %#: %s", (text) => {
    expect(() => readRequest(text)).toThrow(RangeError);
  });

  it("with any bytes changed is refused, or not proven, or says the same", () => {
    const bytes = decodePem("CERTIFICATE REQUEST", ours);
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
          const read = readRequest(encodePem("CERTIFICATE REQUEST", changed));
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
        expect(() =>
          readRequest(encodePem("CERTIFICATE REQUEST", bytes)),
        ).toThrow(RangeError);
      }),
    );
  });
});
