import { describe, expect, it } from "vitest";
import { judge } from "../../../../../plugin/kubernetes/certificates/judge.ts";
import { keyDigest } from "../../../../../plugin/kubernetes/certificates/signed.ts";
import { asSigningRequest } from "../../../../../plugin/kubernetes/certificates/signing-request.ts";
import { opensslRequest } from "../../x509/openssl.ts";
import { signedByAnother } from "../../x509/posed.ts";
import {
  asked,
  bound,
  inObject,
  nodeKey,
  nodes,
  requestOf,
  signedFor,
} from "./asked.ts";

const EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

const nothing = {
  ...{ cluster: "a", nodes, now: Date.now() },
  ...{
    signed: new Map(),
    named: new Set<string>(),
    revoked: new Set<string>(),
  },
};

function judged(
  spec: object,
  words: Partial<Parameters<typeof judge>[1]> = {},
) {
  const request = asSigningRequest(asked(spec));
  if (request === undefined) throw new Error("It is another signer's");
  return judge(request, { ...nothing, ...words });
}

/** What openssl asks for, in an object. */
const openssl = (subject: string, words = EC) => ({
  request: inObject(opensslRequest(subject, words)),
});

describe("judge()", () => {
  it("takes a node's own name, asked for by its own agent", () => {
    const found = judged({});
    expect(found).toMatchObject({ identity: "n1.a" });
    expect(
      "publicKey" in found && found.publicKey.equals(nodeKey.publicKey),
    ).toBe(true);
  });

  it.each([
    ["with the name as common name alone", openssl("/CN=n1.a")],
    ["with the organization", openssl("/O=crosslink/CN=n1.a")],
    [
      "with the name as subjectAltName alone",
      openssl("/O=crosslink", [...EC, "-addext", "subjectAltName=DNS:n1.a"]),
    ],
  ])("takes openssl's, too, %s", (_, spec) => {
    expect(judged(spec)).toMatchObject({ identity: "n1.a" });
  });

  const account = (name: string) => `system:serviceaccount:${name}`;

  it.each<[string, object, string]>([
    ["an admin", { username: "kubernetes-admin" }, '"kubernetes-admin" asks'],
    [
      "another account of the namespace",
      { username: account("crosslink-system:peer-b") },
      'peer-b" asks',
    ],
    [
      "the same account of another namespace",
      { username: account("default:crosslink-agent") },
      "asks, and not the agents'",
    ],
    [
      "a token that is bound to nothing",
      { extra: undefined },
      "bound to no node",
    ],
    ["an empty binding", { extra: {} }, "bound to no node"],
    [
      "two bindings",
      { extra: { "authentication.kubernetes.io/node-name": ["n1", "n2"] } },
      "bound to no node",
    ],
    [
      "another node",
      { extra: bound("n2") },
      'the name "n1.a", and its node\'s is "n2.a"',
    ],
    ["a node that is gone", { extra: bound("n9") }, 'no Node "n9"'],
    [
      "a node that was",
      { extra: bound("n1", "other") },
      'an earlier Node "n1"',
    ],
    [
      "another's name",
      { request: inObject(requestOf("n2.a")) },
      'the name "n2.a"',
    ],
    [
      "another cluster's name",
      { request: inObject(requestOf("n1.b")) },
      'the name "n1.b"',
    ],
    [
      "a longer name",
      { request: inObject(requestOf("n1.a.b")) },
      'the name "n1.a.b"',
    ],
    ["a wildcard", { request: inObject(requestOf("*.a")) }, 'the name "*.a"'],
    ["an empty name", { request: inObject(requestOf("")) }, 'the name ""'],
    ["no name", openssl("/O=crosslink"), 'does not name "n1.a"'],
    ["a word more", openssl("/OU=x/CN=n1.a"), 'the name "x"'],
    ["two common names", openssl("/CN=n1.a/CN=n2.a"), 'the name "n2.a"'],
    [
      "a second name",
      openssl("/CN=n1.a", [
        ...EC,
        "-addext",
        "subjectAltName=DNS:n1.a,DNS:n2.a",
      ]),
      'the name "n2.a"',
    ],
    [
      "an address",
      openssl("/CN=n1.a", [...EC, "-addext", "subjectAltName=IP:192.0.2.1"]),
      "no DNS name",
    ],
    [
      "an authority's rights",
      openssl("/CN=n1.a", [...EC, "-addext", "basicConstraints=CA:TRUE"]),
      "it asks for 2.5.29.19",
    ],
    [
      "a usage of the extension",
      openssl("/CN=n1.a", [...EC, "-addext", "extendedKeyUsage=codeSigning"]),
      "it asks for 2.5.29.37",
    ],
    ["another usage", { usages: ["cert sign"] }, 'the usage "cert sign"'],
    ["RSA", openssl("/CN=n1.a", ["-newkey", "rsa:2048"]), "its key is none of"],
    [
      "another's key",
      { request: inObject(signedByAnother(requestOf("n1.a"))) },
      "not signed by the key",
    ],
    ["nothing", { request: undefined }, "makes no sense"],
    ["no PEM", { request: inObject("x") }, "makes no sense"],
  ])("refuses %s", (_, spec, words) => {
    const found = judged(spec);
    expect("refusal" in found && found.refusal).toContain(words);
  });

  const until = new Date(Date.now() + 60_000).toISOString();
  const held = (serial: string, key = keyDigest(nodeKey.publicKey)) => ({
    ...{ serial, key, node: "uid-of-n1", until },
  });
  const signed = (...all: ReturnType<typeof held>[]) =>
    new Map([["n1", signedFor("n1", all)]]);

  it("signs no node that the admin distrusts, no key that was revoked, and not without end", () => {
    const refusals = [
      judged({}, { named: new Set(["n2", "n1"]) }),
      judged({}, { signed: signed(held("40")), revoked: new Set(["40"]) }),
      judged(
        {},
        {
          signed: signed(
            ...Array<ReturnType<typeof held>>(64).fill(held("41", "another")),
          ),
        },
      ),
    ].map((found) => "refusal" in found && found.refusal);
    expect(refusals).toEqual([
      expect.stringContaining("crosslink.io/revoked"),
      expect.stringContaining("remove node.key"),
      expect.stringContaining("64 certificates"),
    ]);
  });

  it("signs no node whose certificates could not be noted", () => {
    const name = "n".repeat(247);
    const words = {
      extra: bound(name, "u"),
      request: inObject(requestOf(`${name}.a`)),
    };
    const found = judged(words, { nodes: [{ metadata: { name, uid: "u" } }] });
    expect("refusal" in found && found.refusal).toContain("too long");
  });

  it.each([
    ["another key than the one that was revoked", held("40", "another"), "40"],
    ["the key of a certificate that was not", held("41"), "40"],
    [
      "a key whose revoked certificate is over",
      { ...held("40"), until: "2020-01-01T00:00:00Z" },
      "40",
    ],
  ])("signs %s", (_, one, serial) => {
    const found = judged(
      {},
      { signed: signed(one), revoked: new Set([serial]) },
    );
    expect(found).toMatchObject({ node: "n1", identity: "n1.a" });
  });

  it("puts no line of others into its sentence", () => {
    const found = judged({ username: `x\n${"y".repeat(5000)}` });
    expect("refusal" in found && found.refusal).toMatch(/^"x\?y{98}" asks/);
  });

  it("does not look at other signers' requests", () => {
    const other = asked({ signerName: "kubernetes.io/kubelet-serving" });
    expect(asSigningRequest(other)).toBeUndefined();
    expect(asSigningRequest({ metadata: { name: "r" } })).toBeUndefined();
  });
});
