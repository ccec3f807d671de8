import { describe, expect, it } from "vitest";
import { ownList } from "../../../../../plugin/kubernetes/certificates/own-list.ts";
import { listIn } from "../../../../../plugin/kubernetes/certificates/revoke.ts";
import { asCluster } from "../../../../../plugin/kubernetes/kinds.ts";
import { revocationList } from "../../../../../plugin/x509/revocation.ts";
import { fakeApi, json } from "../../../../support/kubernetes/fake-api.ts";
import { authorityOfA, nodes, signedFor } from "./asked.ts";

const authority = authorityOfA();
const { certificate } = authority;
const until = new Date(Date.now() + 3_600_000);
const entry = { key: "k", node: "uid-of-n1", until: until.toISOString() };
const signed = new Map([
  ["n1", signedFor("n1", [{ ...entry, serial: "40AA" }])],
]);
const listOf = (number: number, ...serials: string[]) =>
  revocationList(
    authority,
    serials.map((serial) => ({ serial, since: new Date() })),
    { number, from: new Date(), until },
  );
const serialsIn = (list: string | undefined) =>
  listIn(list, certificate)?.revoked.map(({ serial }) => serial);

/** One turn of a publisher: what it made of what it found, and what it wrote. */
async function turn({
  revoked = "",
  told,
  stored,
  has = { authority, certificate },
  status = 200,
  spec = {},
  known = { nodes, signed },
}: {
  revoked?: string;
  told?: string;
  stored?: string;
  has?: Pick<Parameters<typeof ownList>[2], "authority" | "certificate">;
  status?: number;
  spec?: object;
  known?: Parameters<typeof ownList>[3];
}) {
  await using api = await fakeApi();
  api.answers.push(json({ message: "not now" }, { status }));
  const annotations = { "crosslink.io/revoked": revoked };
  const found = await ownList(
    { access: api.access, log: () => undefined },
    asCluster({
      metadata: { name: "a", annotations },
      spec,
      status: told === undefined ? {} : { discovered: { crl: told } },
    } as never),
    has.authority === undefined
      ? has
      : { ...has, stored: { list: stored, version: "7" } },
    known,
  );
  return { ...found, asked: [...api.asked] };
}

describe("ownList()", () => {
  it("is none, and nothing is written, while nothing is revoked", async () => {
    const found = await turn({});
    expect(found).toMatchObject({ fresh: [], asked: [] });
    expect(found.list).toBeUndefined();
    expect(found.trouble).toBeUndefined();
  });

  it("is stored beside the authority's key, by nobody who has not seen the last one, and then told", async () => {
    const found = await turn({ revoked: "n1" });
    expect(serialsIn(found.list)).toEqual(["40AA"]);
    expect(found.fresh).toMatchObject([{ identity: "n1.a" }]);
    expect(found.asked).toMatchObject([
      {
        ...{
          method: "PATCH",
          path: "/api/v1/namespaces/crosslink-system/secrets/authority",
        },
        body: {
          metadata: { resourceVersion: "7" },
          stringData: { "ca.crl": found.list },
        },
      },
    ]);
    const { list = "" } = found;
    const again = await turn({ revoked: "n1", told: list, stored: list });
    expect(again).toMatchObject({ list, fresh: [], asked: [] });
    // Named no longer: what was revoked stays so.
    const after = await turn({ told: list, stored: list });
    expect(after).toMatchObject({ list, asked: [] });
    expect([...after.revoked]).toEqual(["40AA"]);
  });

  it.each([409, 404, 403])(
    "stays as it was where it cannot be stored: %d",
    async (status) => {
      const told = listOf(3, "40BB");
      const found = await turn({ revoked: "n1", told, stored: told, status });
      expect(found).toMatchObject({ list: told, fresh: [] });
      expect([...found.revoked]).toEqual(["40BB", "40AA"]);
      if (status === 403)
        expect(found.trouble).toContain("nothing more is revoked");
      else expect(found.trouble).toBeUndefined();
    },
  );

  it.each([
    ["lost", undefined],
    ["nonsense", "nonsense"],
    ["older", listOf(2, "40CC")],
  ])(
    "is the one that was told where the stored one is %s",
    async (_, stored) => {
      const told = listOf(3, "40BB");
      const found = await turn({
        told,
        ...(stored === undefined ? {} : { stored }),
      });
      expect(found.list).toBe(told);
      expect(found.asked).toMatchObject([
        { body: { stringData: { "ca.crl": told } } },
      ]);
    },
  );

  it("stays told while the authority's Secret is not known, or is gone", async () => {
    const told = listOf(3, "40BB");
    const found = await turn({ told, revoked: "n1", has: { certificate } });
    expect(found).toMatchObject({ list: told, asked: [] });
  });

  it.each<[string, Parameters<typeof turn>[0], string]>([
    ["no authority is the publisher's", { has: {} }, "crosslink ca revoke"],
    [
      "the admin's own list is not his authority's",
      { has: {}, revoked: "", spec: { ca: certificate, crl: "x" } },
      "spec: ",
    ],
    ["a name is nobody's", {}, 'names "n8"'],
    ["the only list is nonsense", { stored: "x", revoked: "" }, "ca.crl of"],
    [
      "what was signed is nonsense",
      {
        known: {
          nodes: [{ metadata: { name: "n8" } }],
          signed: new Map([["n8", signedFor("n8", undefined)]]),
        },
      },
      'Secret "signed-n8"',
    ],
  ])("says what it does not do where %s", async (_, words, sentence) => {
    const { trouble } = await turn({ revoked: "n8", ...words });
    expect(trouble).toContain(sentence);
  });
});
