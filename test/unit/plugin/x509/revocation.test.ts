import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LONGEST_LIST } from "../../../../plugin/x509/longest.ts";
import {
  readRevocationList,
  type Revocation,
  revocationList,
} from "../../../../plugin/x509/revocation.ts";
import { authorityOfA } from "../kubernetes/certificates/asked.ts";

const authority = authorityOfA();
const ca = authority.certificate;
const since = new Date("2026-01-02T03:04:05Z");
const revoked: Revocation[] = [
  { serial: "40AA", since, identity: "n1.a" },
  { serial: "80BB", since },
];
const life = { from: since, until: new Date("2036-01-02T03:04:05Z") };
const listOf = (all: readonly Revocation[], number = 1_790_000_000) =>
  revocationList(authority, all, { number, ...life });

describe("readRevocationList()", () => {
  it.each([1, 127, 128, 1_790_000_000, 3_000_000_000])(
    "reads what was written, as number %d",
    (number) => {
      expect(readRevocationList(listOf(revoked, number), ca)).toEqual({
        number,
        revoked,
      });
    },
  );

  it.each([
    ["EC", ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]],
    ["RSA", ["rsa:2048"]],
  ])("reads openssl's, by an authority of %s", (_, algorithm) => {
    const folder = mkdtempSync(join(tmpdir(), "crosslink-list-"));
    const openssl = (...words: string[]) =>
      execFileSync("openssl", words, { cwd: folder, stdio: "pipe" });
    try {
      openssl(
        ...["req", "-x509", "-nodes", "-subj", "/CN=ca", "-newkey"],
        ...algorithm,
        ...["-keyout", "ca.key", "-out", "ca.crt"],
      );
      writeFileSync(
        join(folder, "index.txt"),
        "R\t360101000000Z\t260102030405Z\tF00D\tunknown\t/CN=n1\n",
      );
      writeFileSync(
        join(folder, "ca.conf"),
        "[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\ncertificate=ca.crt\nprivate_key=ca.key\ndefault_md=sha256\ndefault_crl_days=30\n",
      );
      openssl("ca", "-config", "ca.conf", "-gencrl", "-out", "list.pem");
      const [list, own] = ["list.pem", "ca.crt"].map((name) =>
        readFileSync(join(folder, name), "utf8"),
      );
      expect(readRevocationList(list!, own!)).toEqual({
        number: 0,
        revoked: [{ serial: "F00D", since }],
      });
      expect(() => readRevocationList(list!, ca)).toThrow("not signed by");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("refuses another authority's, though it has the same name", () => {
    const other = authorityOfA().certificate;
    expect(() => readRevocationList(listOf(revoked), other)).toThrow(
      "not signed by this authority",
    );
  });

  it("refuses all by what is no authority", () => {
    expect(() => readRevocationList(listOf(revoked), "nobody's")).toThrow(
      RangeError,
    );
  });

  it("refuses one that is longer than an object may have", () => {
    const many = Array.from({ length: 600 }, (_, at) => ({
      serial: `40${String(at).padStart(30, "0")}`,
      ...{ since, identity: `node-${at}.of-a-cluster-with-a-name` },
    }));
    const list = listOf(many);
    expect(list.length).toBeGreaterThan(LONGEST_LIST);
    expect(() => readRevocationList(list, ca)).toThrow(RangeError);
  });

  const label = ["-----BEGIN X509 CRL-----\n", "\n-----END X509 CRL-----\n"];
  const pem = (bytes: Uint8Array) =>
    label.join(Buffer.from(bytes).toString("base64"));
  const refuses = (text: string) => {
    expect(() => readRevocationList(text, ca)).toThrow(RangeError);
  };

  it("refuses whatever was changed or made up, in words of its own", () => {
    const good = Buffer.from(listOf(revoked).split("-----")[2] ?? "", "base64");
    fc.assert(
      fc.property(
        fc.nat(good.length - 1),
        fc.integer({ min: 1, max: 255 }),
        (at, by) => {
          const bytes = Uint8Array.from(good);
          bytes[at] = (bytes[at] ?? 0) ^ by;
          refuses(pem(bytes));
        },
      ),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        refuses(pem(bytes));
      }),
    );
    fc.assert(fc.property(fc.string(), refuses));
    refuses(pem(Uint8Array.from({ length: 40_000 }, () => 0x30)));
    refuses(
      pem(
        Uint8Array.from({ length: 40_000 }, (_, at) => (at % 2 ? 0x80 : 0x30)),
      ),
    );
  });
});
