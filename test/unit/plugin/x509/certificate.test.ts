import { execFileSync } from "node:child_process";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  createAuthority,
  newKey,
} from "../../../../plugin/ike/ca/authority.ts";
import {
  type Authority,
  certifyAuthority,
  certifyNode,
  readAuthority,
} from "../../../../plugin/x509/certificate.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "crosslink-x509-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const pair = generateKeyPairSync("ec", { namedCurve: "P-384" });
const { publicKey } = pair;
const now = new Date();

function ownAuthority(made = now): Authority {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
  return readAuthority(
    certifyAuthority("cloud-a", privateKey, made),
    String(privateKey.export({ type: "pkcs8", format: "pem" })),
  );
}

const openssl = (...words: string[]) =>
  execFileSync("openssl", words, { cwd: folder, encoding: "utf8" });

describe("a node's certificate", () => {
  it.each([
    ["an authority of ours", ownAuthority],
    [
      "one that `crosslink ca init` made",
      () => {
        const ca = join(folder, "ca");
        const certificate = createAuthority(ca, "cloud-a");
        return readAuthority(
          certificate,
          readFileSync(join(ca, "ca.key"), "utf8"),
        );
      },
    ],
  ])("under %s is right, as openssl sees it", (_, make) => {
    const authority = make();
    const pem = certifyNode(authority, "n1.cloud-a", {
      ...{ publicKey, now, seconds: 86_400 },
    });
    writeFileSync(join(folder, "ca.crt"), authority.certificate);
    writeFileSync(join(folder, "node.crt"), pem);
    const strict = ["verify", "-x509_strict", "-purpose", "sslserver"];
    expect(
      openssl(
        ...strict,
        ...["-verify_hostname", "n1.cloud-a"],
        ...["-CAfile", "ca.crt", "node.crt"],
      ),
    ).toContain("OK");
    const text = openssl("x509", "-in", "node.crt", "-noout", "-text");
    expect(text).toContain("DNS:n1.cloud-a\n");
    expect(text).toContain("CA:FALSE");
    expect(text).toMatch(/Key Usage: critical\s+Digital Signature\n/);
    const identifiers = openssl(
      ...["x509", "-in", "ca.crt", "-noout", "-ext", "subjectKeyIdentifier"],
    );
    const [identifier = ""] = /[0-9A-F:]{59}/.exec(identifiers) ?? [];
    expect(text).toContain(
      `Authority Key Identifier: \n                ${identifier}`,
    );
    const read = new X509Certificate(pem);
    expect(read.checkIssued(new X509Certificate(authority.certificate))).toBe(
      true,
    );
    expect(read.checkPrivateKey(pair.privateKey)).toBe(true);
    expect(read.checkHost("n1.cloud-a")).toBe("n1.cloud-a");
    expect(read.validToDate.getTime() - now.getTime()).toBeLessThanOrEqual(
      86_400_000,
    );
    expect(read.validToDate.getTime() - now.getTime()).toBeGreaterThan(
      86_398_000,
    );
    expect(read.validFromDate.getTime()).toBeLessThan(now.getTime() - 290_000);
  });

  it("is never another's: its serial is its own", () => {
    const authority = ownAuthority();
    const serials = Array.from({ length: 50 }, () => {
      const life = { publicKey, now, seconds: 60 };
      const pem = certifyNode(authority, "n1.cloud-a", life);
      return new X509Certificate(pem).serialNumber;
    });
    expect(new Set(serials).size).toBe(50);
  });
});

describe("an authority", () => {
  it("signs nodes, and no other authority", () => {
    const { certificate } = ownAuthority();
    writeFileSync(join(folder, "ca.crt"), certificate);
    const text = openssl("x509", "-in", "ca.crt", "-noout", "-text");
    expect(text).toMatch(/CA:TRUE, pathlen:0/);
    expect(text).toMatch(/Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
    expect(text).toMatch(/Subject: O ?= ?crosslink, CN ?= ?CA of cloud-a/);
  });

  it("may hold beyond 2049", () => {
    const made = new Date("2045-06-01T00:00:00Z");
    const { certificate } = ownAuthority(made);
    expect(new X509Certificate(certificate).validTo).toContain("2055");
  });

  it("has a key that prints nowhere", () => {
    const authority = ownAuthority();
    const { d = "" } = authority.key.export({ format: "jwk" });
    const texts = [inspect(authority, { depth: 9 }), JSON.stringify(authority)];
    for (const text of texts) expect(text).not.toContain(d);
  });

  it.each<[string, () => [string, string]]>([
    ["another's key", () => [ownAuthority().certificate, newKey()]],
    [
      "a certificate that is no authority's",
      () => {
        const life = { publicKey, now, seconds: 60 };
        const key = pair.privateKey.export({ type: "pkcs8", format: "pem" });
        return [certifyNode(ownAuthority(), "n1.a", life), String(key)];
      },
    ],
    ["no key", () => [ownAuthority().certificate, "no key"]],
    ["no certificate", () => ["none", newKey()]],
  ])("is none with %s", (_, make) => {
    const [certificate, key] = make();
    expect(() => readAuthority(certificate, key)).toThrow(RangeError);
  });
});
