import { describe, expect, it } from "vitest";
import { attrU32, encodeBody } from "../../../../native/attribute.ts";
import {
  decodeNamespaceId,
  encodeNamespaceQuery,
} from "../../../../native/route/namespace-id.ts";

const answer = (id: number): Uint8Array =>
  encodeBody(new Uint8Array(4), [attrU32(1, id)]);

describe("decodeNamespaceId()", () => {
  it("reads NETNSA_NSID; -1 and none at all are no number", () => {
    expect(decodeNamespaceId(answer(0))).toBe(0);
    expect(decodeNamespaceId(answer(7))).toBe(7);
    expect(decodeNamespaceId(answer(0xffffffff))).toBeUndefined();
    expect(decodeNamespaceId(new Uint8Array(4))).toBeUndefined();
  });
});

describe("encodeNamespaceQuery()", () => {
  it("is a padded struct rtgenmsg and NETNSA_FD", () => {
    const [length, type] = new Uint16Array(
      encodeNamespaceQuery(11).slice(4, 8).buffer,
    );
    expect([length, type, encodeNamespaceQuery(11)[8]]).toEqual([8, 3, 11]);
  });
});
