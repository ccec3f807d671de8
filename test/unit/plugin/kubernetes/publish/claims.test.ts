import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cidrContains, parseCidr } from "../../../../../ip/cidr.ts";
import { newestList } from "../../../../../plugin/kubernetes/certificates/peer-list.ts";
import { revocationList } from "../../../../../plugin/x509/revocation.ts";
import { authorityOfA } from "../certificates/asked.ts";
import { compose } from "../../../../../plugin/kubernetes/files/compose.ts";
import { asCluster, asSlice } from "../../../../../plugin/kubernetes/kinds.ts";
import { readClaims } from "../../../../../plugin/kubernetes/publish/claims.ts";

const peer = { server: "https://b", allowedCIDRs: ["10.20.0.0/16"] };
const node = (pods: string) => ({
  name: "n",
  ips: ["192.0.2.1"],
  podCIDRs: [pods],
});

function claims(spec: unknown, nodes: unknown, status: unknown = {}) {
  return readClaims("b", peer, {
    cluster: asCluster({ metadata: { name: "b" }, spec, status } as never),
    slices: [
      asSlice({
        metadata: { name: "b-0" },
        spec: { cluster: "b", nodes },
      } as never),
    ],
  });
}

describe("readClaims()", () => {
  it("takes what lies within the allowed networks", () => {
    const found = claims(
      { local: true, podCIDRs: ["10.20.0.0/17"], mode: "p2p" },
      [node("10.20.1.0/24")],
      { discovered: { cni: "flannel", mode: "gateway" }, slices: 1 },
    );
    expect(found).toEqual({
      discovered: { cni: "flannel", mode: "p2p", podCIDRs: ["10.20.0.0/17"] },
      nodes: [{ ...node("10.20.1.0/24"), gateway: false }],
    });
  });

  it.each([
    [{ podCIDRs: [] }, [node("10.21.0.0/24")], "claims 10.21.0.0/24"],
    [{ podCIDRs: ["10.0.0.0/8"] }, [], "claims 10.0.0.0/8"],
    [{ serviceCIDRs: ["10.96.0.0/16"] }, [], "claims 10.96.0.0/16"],
    [
      {
        podCIDRs: ["10.20.0.0/16"],
        globalCIDRs: { "10.20.0.0/16": "10.9.0.0/16" },
      },
      [],
      "claims 10.9.0.0/16",
    ],
    [{ podCIDRs: ["::/0"] }, [], "::/0"],
    [
      { encryption: "none", podCIDRs: ["10.20.0.0/16"] },
      [],
      "never taken from a peer",
    ],
    [{ encryption: null }, [node("10.20.0.0/24")], undefined],
    [{ local: false }, [], 'does not call itself "b"'],
    [{ podCIDRs: "10.20.0.0/16" }, [], "/podCIDRs"],
    [{}, [{ name: "n" }], "/nodes/0/ips"],
    [{}, [{ ...node("10.20.0.0/24"), root: true }], "unknown key"],
    [{}, [node("10.20.0.0/24"), node("10.20.1.0/24")], "is the name of"],
  ])("judges %j with %j", (spec, nodes, sentence) => {
    const found = claims({ local: true, ...spec }, nodes);
    if (sentence === undefined) expect(found).toHaveProperty("nodes");
    else
      expect(found).toHaveProperty(
        "message",
        expect.stringContaining(sentence),
      );
  });

  it("waits for all slices", () => {
    expect(claims({ local: true }, [], { slices: 3 })).toEqual({
      reason: "Incomplete",
      message: "1 of its 3 ClusterNodes are there",
    });
  });

  const authority = authorityOfA();
  const ca = authority.certificate;
  type Named = Readonly<Partial<Record<"ca" | "crl", string>>>;
  const listOf = (number: number, by = authority) =>
    revocationList(by, [{ serial: "40", since: new Date() }], {
      ...{ number, from: new Date(), until: new Date() },
    });

  it("takes a list of revoked certificates that the peer's own authority has signed, and no other", () => {
    const said = (crl: string) =>
      claims({ local: true, keying: "ike", ca, crl }, [node("10.20.0.0/24")]);
    const crl = listOf(1);
    expect(said(crl)).toMatchObject({ discovered: { ca, crl } });
    const unsigned = crl.replace(/[A-Za-z0-9]{8}(?==*\n-----END)/, "AAAAAAAA");
    for (const odd of [listOf(1, authorityOfA()), unsigned])
      expect(said(odd)).toEqual({
        reason: "RefusedRevocations",
        message: expect.stringContaining("has signed; what was known stays"),
      });
  });

  it.each<[string, Named, Named, string]>([
    ["an older one", { ca, crl: listOf(1) }, { ca, crl: listOf(2) }, "before"],
    ["none", { ca }, { ca, crl: listOf(2) }, "before"],
    ["a newer one", { ca, crl: listOf(3) }, { ca, crl: listOf(2) }, "now"],
    ["the first one", { ca, crl: listOf(1) }, { ca }, "now"],
    ["one after nonsense", { ca, crl: listOf(1) }, { ca, crl: "x" }, "now"],
    [
      "none of another authority",
      { ca: authorityOfA().certificate },
      { ca, crl: listOf(2) },
      "now",
    ],
    ["nothing", {}, { ca, crl: listOf(2) }, "now"],
  ])(
    "has the newest list that was seen stay where the peer says %s",
    (_, now, before, which) => {
      const crl = which === "before" ? before.crl : now.crl;
      const found = newestList({ ...now, mode: "p2p" }, before);
      expect(found).toEqual({
        ...now,
        mode: "p2p",
        ...(crl === undefined ? {} : { crl }),
      });
    },
  );

  it("lets nothing through, whatever a peer writes, but what it may claim, encrypted and under its name", () => {
    const cidr = fc.constantFrom(
      "10.20.0.0/16",
      "10.20.3.0/24",
      "10.0.0.0/8",
      "0.0.0.0/0",
      "x",
      "10.30.0.0/16",
    );
    const word = fc.oneof(
      cidr,
      fc.array(cidr, { maxLength: 3 }),
      fc.jsonValue(),
    );
    const spec = fc.dictionary(
      fc.constantFrom(
        "podCIDRs",
        "serviceCIDRs",
        "globalCIDRs",
        "encryption",
        "name",
        "nodes",
        "managedBy",
        "peer",
        "mode",
        "cni",
        "__proto__",
        "local",
      ),
      fc.oneof(word, fc.constantFrom("none", "esp", true)),
    );
    const entry = fc.record({
      name: fc.oneof(fc.string(), fc.constantFrom("n", "m")),
      ips: fc.array(fc.constantFrom("192.0.2.1", "192.0.2.2", "y"), {
        maxLength: 2,
      }),
      podCIDRs: fc.array(cidr, { maxLength: 2 }),
    });
    const nodes = fc.oneof(fc.array(entry, { maxLength: 3 }), fc.jsonValue());
    fc.assert(
      fc.property(spec, spec, nodes, (said, discovered, some) => {
        const found = claims({ ...said, local: true }, some, { discovered });
        if ("reason" in found) return;
        const made = compose(
          asCluster({
            metadata: { name: "b" },
            spec: { peer },
            status: { discovered: found.discovered },
          } as never),
          [
            asSlice({
              metadata: { name: "b-0" },
              spec: { cluster: "b", nodes: found.nodes },
            } as never),
          ],
        );
        if (!("value" in made)) return;
        const { value } = made;
        expect(value["name"]).toBe("b");
        expect(value).not.toHaveProperty("encryption");
        const globals = (value["globalCIDRs"] ?? {}) as Record<string, string>;
        const pods = ((value["podCIDRs"] ?? []) as string[]).map(
          (one) => globals[one] ?? one,
        );
        const services = (value["serviceCIDRs"] ?? []) as string[];
        for (const text of [...pods, ...services])
          expect(cidrContains(parseCidr("10.20.0.0/16"), parseCidr(text))).toBe(
            true,
          );
      }),
      { numRuns: 2000 },
    );
  });
});
