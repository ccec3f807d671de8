import { createSecretKey, hkdfSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Key } from "../../../../../native/xfrm/key.ts";
import {
  bindEnd,
  deriveKey,
  type EndNames,
  type SaBinding,
} from "../../../../../plugin/mesh/ipsec/keys.ts";

const secret = createSecretKey(Uint8Array.from({ length: 32 }, (_, i) => i));
const sender: EndNames = {
  cluster: "cluster1",
  node: "vm-0-7",
  address: "172.17.0.2",
  elasticIP: "124.221.146.81",
};
const receiver: EndNames = {
  cluster: "cluster2",
  node: "vm-0-10",
  address: "172.17.0.7",
  elasticIP: "124.220.14.201",
};

/** An SA by names alone. */
interface Named extends Omit<SaBinding, "sender" | "receiver"> {
  readonly sender: EndNames;
  readonly receiver: EndNames;
}

function key(rest: Partial<Named> = {}): Key {
  const sa = {
    sender,
    receiver,
    family: 4 as const,
    keyId: 7,
    generation: 0,
    ...rest,
  };
  return deriveKey(secret, {
    ...sa,
    sender: bindEnd(sa.sender),
    receiver: bindEnd(sa.receiver),
  });
}

function derived(rest: Partial<Named> = {}): string {
  return Buffer.from(key(rest).bytes()).toString("hex");
}

describe("deriveKey()", () => {
  it("gives the key that RFC 5869's steps give, worked out apart with Python's hmac", () => {
    expect(derived()).toBe(
      "50bb3f7ffd19105ba96b2860e6d342e67851d1b7403c21642daea49a96176e8a0cbbaf9b",
    );
    expect(derived({ generation: 5 })).toBe(
      "300fd8c3276dd197a7b60bdbb69f2ceac06658ccb65cba8625a08bd955831684453adf07",
    );
  });

  it("gives the key of a tunnel over IPv6 without elastic addresses", () => {
    const v6 = {
      sender: { cluster: "cluster1", node: "vm-0-7", address: "fd00:1::2" },
      receiver: { cluster: "cluster2", node: "vm-0-10", address: "fd00:2::7" },
    };
    expect(derived({ ...v6, family: 6, keyId: 255 })).toBe(
      "86b584d74a82bd321377b96bd1edd3181ce80eac341c2b3dab23355c1d652d9aff10e83f",
    );
  });

  it("binds every name, address, the direction, the family, the key id and the generation", () => {
    const others: Partial<Named>[] = [
      { sender: receiver, receiver: sender },
      { family: 6 },
      { keyId: 8 },
      { generation: 1 },
      { generation: 7 },
      ...(["cluster", "node", "address", "elasticIP"] as const).flatMap(
        (field) => [
          { sender: { ...sender, [field]: "x" } },
          { receiver: { ...receiver, [field]: "x" } },
        ],
      ),
      {
        sender: { cluster: "cluster1", node: "vm-0-7", address: "172.17.0.2" },
      },
    ];
    const keys = [{}, ...others].map(derived);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("does not print", () => {
    expect(JSON.stringify({ key: key() })).toBe('{"key":"<redacted>"}');
  });
});

// RFC 5869 appendix A: what Node's HKDF is, which deriveKey() rests on.
describe("hkdfSync() for SHA-256", () => {
  const cases = [
    {
      name: "A.1",
      ikm: "0b".repeat(22),
      salt: "000102030405060708090a0b0c",
      info: "f0f1f2f3f4f5f6f7f8f9",
      okm: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    },
    {
      name: "A.2",
      ikm: Buffer.from(Array.from({ length: 80 }, (_, i) => i)).toString("hex"),
      salt: Buffer.from(
        Array.from({ length: 80 }, (_, i) => 0x60 + i),
      ).toString("hex"),
      info: Buffer.from(
        Array.from({ length: 80 }, (_, i) => 0xb0 + i),
      ).toString("hex"),
      okm: "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
    },
    {
      name: "A.3",
      ikm: "0b".repeat(22),
      salt: "",
      info: "",
      okm: "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    },
  ];

  it.each(cases)(
    "gives the output of test case $name",
    ({ ikm, salt, info, okm }) => {
      const [key, saltBytes, infoBytes] = [ikm, salt, info].map((hex) =>
        Buffer.from(hex, "hex"),
      );
      const output = hkdfSync(
        "sha256",
        createSecretKey(key!),
        saltBytes!,
        infoBytes!,
        okm.length / 2,
      );
      expect(Buffer.from(output).toString("hex")).toBe(okm);
    },
  );
});
