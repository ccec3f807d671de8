import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { formatAddress } from "../../../../native/address.ts";
import type { ListedIke } from "../../../../plugin/ike/charon/listed.ts";
import {
  isSameWhereabouts,
  readWhereabouts,
  whereaboutsOf,
} from "../../../../plugin/ike/whereabouts.ts";
import { tunnel } from "./charon/tunnel.ts";

function listed(rest: Partial<ListedIke>): ListedIke {
  return {
    connection: "crosslink-434c1234",
    state: "ESTABLISHED",
    localId: "one.a",
    remoteId: "two.b",
    remoteHost: "198.51.100.9",
    algorithms: "",
    ageSeconds: 100,
    rekeySeconds: undefined,
    children: [],
    ...rest,
  };
}

function shown(whereabouts: ReadonlyMap<string, Uint8Array>): string[] {
  return [...whereabouts].map(
    ([name, address]) => `${name} ${formatAddress(address)}`,
  );
}

const roaming = tunnel({ initiator: "peer" });

describe("whereaboutsOf()", () => {
  it("takes the newest IKE_SA that is proven, of peers that initiate alone", () => {
    const sas = [
      listed({ remoteHost: "198.51.100.7", ageSeconds: 100 }),
      listed({ remoteHost: "198.51.100.8", ageSeconds: 2 }),
      listed({ state: "CONNECTING", ageSeconds: 0 }),
    ];
    expect(shown(whereaboutsOf([roaming], sas))).toEqual([
      "two.b 198.51.100.8",
    ]);
    expect(shown(whereaboutsOf([tunnel()], sas))).toEqual([]);
  });

  it("knows nothing of what is no address", () => {
    for (const remoteHost of ["", "%any", "198.51.100.8[4500]"])
      expect(shown(whereaboutsOf([roaming], [listed({ remoteHost })]))).toEqual(
        [],
      );
  });
});

it("isSameWhereabouts() looks at names and places", () => {
  const [here, there] = [Uint8Array.of(1, 2, 3, 4), Uint8Array.of(1, 2, 3, 5)];
  const one = new Map([["two.b", here]]);
  expect(isSameWhereabouts(one, new Map([["two.b", here]]))).toBe(true);
  expect(isSameWhereabouts(one, new Map([["two.b", there]]))).toBe(false);
  expect(isSameWhereabouts(one, new Map([["three.b", here]]))).toBe(false);
  expect(isSameWhereabouts(undefined, new Map())).toBe(true);
});

describe("readWhereabouts()", () => {
  it.each([
    ['{"whereabouts":{"two.b":"198.51.100.9"}}', ["two.b 198.51.100.9"]],
    ['{"tunnels":[]}', []],
    ['{"whereabouts":{"two.b":7,"three.b":"x"}}', []],
    ["{", []],
  ])("reads %s", (text, found) => {
    const folder = mkdtempSync(join(tmpdir(), "crosslink-"));
    const path = join(folder, "state.json");
    try {
      writeFileSync(path, text);
      expect(shown(readWhereabouts(path))).toEqual(found);
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect(shown(readWhereabouts(path))).toEqual([]);
  });
});
