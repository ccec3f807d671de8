import { X509Certificate } from "node:crypto";
import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  createAuthority,
  newKey,
  requestFor,
  revoke,
  sign,
} from "../../../../plugin/ike/ca/authority.ts";
import { openssl } from "../../../../plugin/ike/ca/openssl.ts";
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
  const key = join(folder, "node.key");
  writeFileSync(key, newKey(), { mode: 0o600 });
  return sign(join(folder, "ca"), node, requestFor(key));
}

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

  it("is made by the next try where openssl was missing", () => {
    const place = join(folder, "late");
    vi.stubEnv("PATH", "/nowhere");
    expect(() => createAuthority(place, "cluster1")).toThrow("openssl");
    vi.unstubAllEnvs();
    expect(new X509Certificate(createAuthority(place, "cluster1")).ca).toBe(
      true,
    );
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
    expect(revoke(join(folder, "ca"), "one")).toContain("X509 CRL");
    expect(() => revoke(join(folder, "ca"), "three")).toThrow(
      "nothing was signed for it",
    );
  });

  it("says what openssl does not like", () => {
    expect(() => sign(join(folder, "ca"), "one", "no request")).toThrow(
      "Cannot run openssl ca",
    );
    expect(() => sign(join(folder, "nowhere"), "one", "")).toThrow(
      "There is no authority",
    );
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
