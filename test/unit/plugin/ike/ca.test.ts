import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  createAuthority,
  newKey,
  requestFor,
  revoke,
  sign,
} from "../../../../plugin/ike/ca/authority.ts";
import { opensslRequest } from "../x509/openssl.ts";
import { readIdentity } from "../../../../plugin/ike/charon/node-identity.ts";

let folder: string;
let authority: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "crosslink-ca-"));
  authority = createAuthority(join(folder, "ca"), "cluster1");
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function signed(node = "one"): string {
  return signedIn(join(folder, "ca"), node);
}

function signedIn(ca: string, node = "one"): string {
  const key = join(folder, "node.key");
  writeFileSync(key, newKey(), { mode: 0o600 });
  return sign(ca, node, requestFor(key));
}

const openssl = (words: readonly string[], cwd: string): string =>
  execFileSync("openssl", words, { cwd, encoding: "utf8" });

describe("an authority", () => {
  it("signs a node's name, as openssl and Node see it, and nothing more", () => {
    const pem = signed();
    const certificate = new X509Certificate(pem);
    expect(certificate.subjectAltName).toBe("DNS:one.cluster1");
    expect(certificate.ca).toBe(false);
    expect(certificate.verify(new X509Certificate(authority).publicKey)).toBe(
      true,
    );
    writeFileSync(join(folder, "node.crt"), pem);
    expect(
      openssl(["verify", "-CAfile", "ca/ca.crt", "node.crt"], folder),
    ).toContain("OK");
  });

  it("is made by the next try where the first had no room for its certificate", () => {
    const place = join(folder, "late");
    mkdirSync(join(place, "signed"), { recursive: true });
    writeFileSync(join(place, "ca.key"), newKey());
    const certificate = createAuthority(place, "cluster1");
    expect(new X509Certificate(certificate).ca).toBe(true);
    expect(signedIn(place)).toContain("BEGIN CERTIFICATE");
  });

  it("keeps its key for root alone, and does not make a second one", () => {
    const { mode } = statSync(join(folder, "ca/ca.key"));
    expect(mode & 0o777).toBe(0o600);
    expect(() => createAuthority(join(folder, "ca"), "cluster1")).toThrow(
      "it holds one",
    );
  });

  it("revokes all that it signed for a node, and that alone", () => {
    const pems = [signed("one"), signed("one"), signed("two")];
    const list = revoke(join(folder, "ca"), "one");
    writeFileSync(join(folder, "list.pem"), list);
    const text = openssl(["crl", "-in", "list.pem", "-noout", "-text"], folder);
    expect(text).toContain("X509v3 Authority Key Identifier");
    const serials = pems.map((pem) => new X509Certificate(pem).serialNumber);
    const revoked = [...text.matchAll(/Serial Number: ([0-9A-F]+)/gu)].map(
      ([, serial]) => serial,
    );
    expect(revoked.sort()).toEqual(serials.slice(0, 2).sort());
    expect(text.match(/DNS:one\.cluster1\n/gu)).toHaveLength(2);
    expect(revoke(join(folder, "ca"), "one")).toContain("X509 CRL");
    expect(() => revoke(join(folder, "ca"), "three")).toThrow(
      "nothing was signed for it",
    );
  });

  it("reads a request with words for the reader around it", () => {
    const key = join(folder, "node.key");
    writeFileSync(key, newKey(), { mode: 0o600 });
    const text = `Certificate Request:\n${requestFor(key)}# Have it signed\n`;
    const certificate = sign(join(folder, "ca"), "one", text);
    expect(new X509Certificate(certificate).checkHost("one.cluster1")).toBe(
      "one.cluster1",
    );
  });

  it("counts its lists, and names in each all that is revoked by then", () => {
    for (const node of ["one", "two"]) signed(node);
    writeFileSync(join(folder, "ca/revoked/.half"), "written");
    const texts = ["one", "two"].map((node) => {
      writeFileSync(join(folder, "list.pem"), revoke(join(folder, "ca"), node));
      const words = ["crl", "-in", "list.pem", "-noout", "-text"];
      const verified = [...words, "-CAfile", "ca/ca.crt"];
      return openssl(verified, folder);
    });
    const numbers = texts.map((text) => /CRL Number:\s+(\d+)/u.exec(text)?.[1]);
    expect(numbers).toEqual(["1", "2"]);
    expect(texts[1]?.match(/Serial Number/gu)).toHaveLength(2);
  });

  it.each<[string, () => string, string]>([
    ["no request", () => "no request", "it is not one CERTIFICATE REQUEST"],
    [
      "a request by RSA",
      () => opensslRequest("/CN=one", ["-newkey", "rsa:2048"]),
      "none of ECDSA with P-256 or P-384",
    ],
  ])("signs not what is %s, and says what would do", (_, request, words) => {
    expect(() => sign(join(folder, "ca"), "one", request())).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(words) as string,
        details: expect.stringContaining("crosslink ca request") as string,
      }) as Error,
    );
  });

  it("signs not by another's key, and nothing where there is none", () => {
    expect(() => sign(join(folder, "nowhere"), "one", "")).toThrow(
      "There is no authority",
    );
    writeFileSync(join(folder, "ca/ca.key"), newKey());
    expect(() => signed()).toThrow("are not one authority's");
  });

  it.each(["", "a b", "../one", "one\n", "n".repeat(254)])(
    "certifies nobody by the name of %j, which no file has",
    (name) => {
      const [ca, other] = [join(folder, "ca"), join(folder, "other")];
      expect(() => signedIn(ca, name)).toThrow("Cannot certify a node");
      expect(() => createAuthority(other, name)).toThrow("a cluster");
      expect(existsSync(other)).toBe(false);
    },
  );

  it("asks by no key that is none", () => {
    const key = join(folder, "node.key");
    writeFileSync(key, "no key");
    expect(() => requestFor(key)).toThrow(`Cannot ask for a certificate by`);
  });
});

describe("readIdentity()", () => {
  const certificate = () => join(folder, "node.crt");

  it("reads a key and its certificate, and prints no key", () => {
    writeFileSync(certificate(), signed());
    const identity = readIdentity(folder, "one.cluster1");
    expect(identity).toHaveProperty("certificate");
    const base64 = readFileSync(join(folder, "node.key"), "utf8").split(
      "\n",
    )[1];
    expect(JSON.stringify(identity)).not.toContain(base64);
  });

  it.each<[string, () => void, string]>([
    ["nothing", () => undefined, "crosslink ca request"],
    [
      "another name's",
      () => {
        writeFileSync(certificate(), signed("two"));
      },
      "is not for one.cluster1",
    ],
    [
      "another key's",
      () => {
        writeFileSync(certificate(), signed());
        writeFileSync(join(folder, "node.key"), newKey());
      },
      "is not for the key beside it",
    ],
    [
      "one whose key others can read",
      () => {
        writeFileSync(certificate(), signed());
        chmodSync(join(folder, "node.key"), 0o644);
      },
      "chmod 0600",
    ],
    [
      "no certificate",
      () => {
        signed();
        writeFileSync(certificate(), "nothing of the kind");
      },
      "makes no sense",
    ],
  ])("says what to do about %s", (_, make, words) => {
    make();
    expect(readIdentity(folder, "one.cluster1")).toContain(words);
  });

  it("says when it was too early or is too late", () => {
    writeFileSync(certificate(), signed());
    for (const when of ["2000-01-01", "2100-01-01"])
      expect(readIdentity(folder, "one.cluster1", new Date(when))).toContain(
        "is valid from",
      );
  });
});
