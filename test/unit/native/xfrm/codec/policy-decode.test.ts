import fc from "fast-check";
import { expect, test } from "vitest";
import {
  attrBytes,
  attrU32,
  encodeAttributes,
} from "../../../../../native/attribute.ts";
import { encode, type ValueOf } from "../../../../../native/layout.ts";
import { sharedAddresses } from "../../../../../native/xfrm/codec/address.ts";
import { decodePolicy } from "../../../../../native/xfrm/codec/policy-decode.ts";
import { encodePolicy } from "../../../../../native/xfrm/codec/policy-encode.ts";
import {
  xfrmUserpolicyInfo,
  xfrmUserpolicyType,
  xfrmUserTmpl,
} from "../../../../../native/xfrm/structs.ts";
import { policies } from "../../../../support/xfrm/arbitrary.ts";
import { policy, template } from "../../../../support/xfrm/xfrm.ts";
import { decodeAnyBytes } from "../../../../support/xfrm/any-bytes.ts";

const TEMPLATE = xfrmUserpolicyInfo.size + 4;
const INFO = xfrmUserpolicyInfo.offsets;
const nothingYet = {
  bytes: 0n,
  packets: 0n,
  addTimeSeconds: 0n,
  useTimeSeconds: 0n,
};

test("decodePolicy() gives back what encodePolicy() was given", () => {
  fc.assert(
    fc.property(policies, (given) => {
      expect(decodePolicy(encodePolicy(given))).toEqual({
        ...given,
        current: nothingYet,
        foreign: [],
      });
    }),
  );
});

test("decodePolicy() reads the same with shared addresses", () => {
  const address = sharedAddresses();
  fc.assert(
    fc.property(policies, (given) => {
      const body = encodePolicy(given);
      expect(decodePolicy(body, address)).toEqual(decodePolicy(body));
    }),
  );
  const [first, second] = [policy, policy].map((given) =>
    decodePolicy(encodePolicy(given), address),
  );
  expect(first?.templates[0]?.source).toBe(second?.templates[0]?.source);
});

test("sharedAddresses() tells apart what its key does not", () => {
  const words = [1, 2, 3, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0, 0, 1, 2, 3, 0];
  const view = new DataView(Uint8Array.from(words).buffer);
  const address = sharedAddresses();
  const [at0, at4, v4] = [
    address(view, 0, 10),
    address(view, 4, 10),
    address(view, 0, 2),
  ];
  expect([...at0]).toEqual(words.slice(0, 16));
  expect([...at4]).toEqual(words.slice(4, 20));
  expect([...v4]).toEqual([1, 2, 3, 0]);
});

test("decodePolicy() throws RangeError for truncated bodies", () => {
  const body = encodePolicy({ ...policy, templates: [template, template] });
  for (let length = 0; length < body.length; length++) {
    if (length === xfrmUserpolicyInfo.size) continue;
    expect(() => decodePolicy(body.subarray(0, length))).toThrow(RangeError);
  }
});

test("decodePolicy() throws nothing but RangeError for any bytes", () => {
  const info = encodePolicy({ ...policy, templates: [] });
  decodeAnyBytes(decodePolicy, info);
});

test("a socket's policy is foreign", () => {
  expect(withByte(INFO.dir, 3)).toMatchObject({
    direction: "socket in",
    foreign: ["policy of one socket"],
  });
  expect(withByte(INFO.dir, 4)).toMatchObject({ direction: "socket out" });
  expect(withByte(INFO.dir, 6).foreign).toEqual([
    "policy of one socket",
    "direction 6",
  ]);
});

test.each([
  [INFO.action, 2, "action 2"],
  [INFO.share, 1, "share 1"],
  [INFO.lft, 1, "lifetime limits"],
  [INFO.lft + 60, 1, "lifetime limits"],
  [INFO.sel + 34, 0xf0, "destination port mask 0xf000"],
  [INFO.sel + 38, 0xf0, "source port mask 0xf000"],
  [INFO.sel + 40, 7, "selector of family 7"],
  [INFO.sel + 52, 9, "selector of user 9"],
  [TEMPLATE + xfrmUserTmpl.offsets.family, 7, "template of family 7"],
  [TEMPLATE + xfrmUserTmpl.offsets.share, 3, "template's share 3"],
  [
    TEMPLATE + xfrmUserTmpl.offsets.aalgos,
    1,
    "template's choice of algorithms",
  ],
  [
    TEMPLATE + xfrmUserTmpl.offsets.ealgos,
    1,
    "template's choice of algorithms",
  ],
  [
    TEMPLATE + xfrmUserTmpl.offsets.calgos,
    1,
    "template's choice of algorithms",
  ],
])("byte %i = %i is foreign: %s", (offset, value, foreign) => {
  expect(withByte(offset, value).foreign).toContain(foreign);
});

test("attributes that a policy cannot say are foreign by name", () => {
  const sub = { type: 1 } satisfies Partial<ValueOf<typeof xfrmUserpolicyType>>;
  const body = Buffer.concat([
    encodePolicy({ ...policy, templates: [] }),
    encodeAttributes([
      attrBytes(16, encode(xfrmUserpolicyType, sub)),
      attrBytes(8, new Uint8Array(12)),
      attrBytes(28, new Uint8Array(8)),
      attrU32(99, 1),
      attrBytes(27, new Uint8Array(0)),
    ]),
  ]);
  expect(decodePolicy(body).foreign).toEqual([
    "policy of the sub database",
    "XFRMA_SEC_CTX",
    "XFRMA_OFFLOAD_DEV",
    "attribute 99",
  ]);
});

test("bits at the far end of a port mask are no full mask", () => {
  expect(withByte(INFO.sel + 34, 0xf0).selector.destinationPort).toBe(0);
});

/** A policy with one byte of its body changed. */
function withByte(offset: number, value: number) {
  const body = encodePolicy(policy);
  body[offset] = value;
  return decodePolicy(body);
}
