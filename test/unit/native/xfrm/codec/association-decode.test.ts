import fc from "fast-check";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import {
  type Attribute,
  attrBytes,
  attrU32,
  encodeAttributes,
} from "../../../../../native/attribute.ts";
import { u64 } from "../../../../../native/field.ts";
import { encode } from "../../../../../native/layout.ts";
import { decodeAssociation } from "../../../../../native/xfrm/codec/association-decode.ts";
import { encodeAssociation } from "../../../../../native/xfrm/codec/association-encode.ts";
import {
  XFRM_STATE_ESN,
  XFRMA_ALG_AEAD,
  XFRMA_ALG_AUTH,
  XFRMA_ALG_AUTH_TRUNC,
  XFRMA_ALG_COMP,
  XFRMA_ALG_CRYPT,
  XFRMA_LASTUSED,
  XFRMA_REPLAY_ESN_VAL,
  XFRMA_REPLAY_VAL,
} from "../../../../../native/xfrm/constants.ts";
import type { SecurityAssociation } from "../../../../../native/xfrm/sa.ts";
import {
  xfrmAlgo,
  xfrmReplayState,
  xfrmReplayStateEsn,
  xfrmUsersaInfo,
} from "../../../../../native/xfrm/structs.ts";
import { associations } from "../../../../support/xfrm/arbitrary.ts";
import { association } from "../../../../support/xfrm/xfrm.ts";
import { decodeAnyBytes } from "../../../../support/xfrm/any-bytes.ts";

const INFO = xfrmUsersaInfo.offsets;
const unused = {
  protocol: 50,
  current: { bytes: 0n, packets: 0n, addTimeSeconds: 0n, useTimeSeconds: 0n },
  statistics: { replayWindow: 0, replay: 0, integrityFailed: 0 },
  sequence: { output: 0n, input: 0n },
  foreign: [],
};

test("decodeAssociation() gives back what encodeAssociation() was given", () => {
  fc.assert(
    fc.property(associations, (given) => {
      const { aead, ...observed } = decodeAssociation(encodeAssociation(given));
      const { aead: wanted, ...rest } = given;
      expect(observed).toEqual({ ...rest, ...unused });
      expect(aead?.key.equals(wanted.key)).toBe(true);
      expect(aead).toEqual(wanted);
    }),
  );
});

test("decodeAssociation() throws RangeError for truncated bodies, without the key", () => {
  const body = encodeAssociation(association);
  for (let length = 0; length < body.length; length++) {
    if (length === xfrmUsersaInfo.size) continue;
    expect(() => decodeAssociation(body.subarray(0, length))).toThrow(
      RangeError,
    );
  }
  const short = attrBytes(XFRMA_ALG_AEAD, body.subarray(228, 228 + 80));
  expect(() => decodeAssociation(withAttributes([short]))).toThrow(
    new RangeError(
      "Cannot decode struct xfrm_algo_aead: its key ends at byte 92 of 80",
    ),
  );
});

test("decodeAssociation() throws nothing but RangeError for any bytes", () => {
  const info = encodeAssociation(association).subarray(0, xfrmUsersaInfo.size);
  decodeAnyBytes(decodeAssociation, info);
});

test("an SA with separate algorithms and compression is foreign", () => {
  const algorithm = (alg_name: string) => encode(xfrmAlgo, { alg_name });
  const sa = decodeAssociation(
    withAttributes([
      attrBytes(XFRMA_ALG_AUTH, algorithm("hmac(sha256)")),
      attrBytes(
        XFRMA_ALG_AUTH_TRUNC,
        Buffer.concat([algorithm("hmac(sha256)"), new Uint8Array(36)]),
      ),
      attrBytes(XFRMA_ALG_CRYPT, algorithm("cbc(aes)")),
      attrBytes(XFRMA_ALG_COMP, algorithm("deflate")),
    ]),
  );
  expect(sa).toMatchObject({
    authentication: "hmac(sha256)",
    encryption: "cbc(aes)",
    compression: "deflate",
  });
  expect(sa.aead).toBeUndefined();
  expect(sa.foreign).toEqual([
    "no AEAD algorithm",
    "authentication hmac(sha256)",
    "encryption cbc(aes)",
    "compression deflate",
  ]);
});

test("counters are read, 64 bits wide with ESN", () => {
  const plain = encode(xfrmReplayState, { oseq: 7, seq: 9, bitmap: 1 });
  expect(
    decodeAssociation(withAttributes([attrBytes(XFRMA_REPLAY_VAL, plain)]))
      .sequence,
  ).toEqual({ output: 7n, input: 9n });
  const wide = encode(xfrmReplayStateEsn, {
    bmp_len: 1,
    oseq: 0xffff_fff0,
    seq: 5,
    oseq_hi: 2,
    seq_hi: 3,
    replay_window: 32,
  });
  const sa = decodeAssociation(
    withAttributes([
      attrBytes(XFRMA_REPLAY_ESN_VAL, Buffer.concat([wide, new Uint8Array(4)])),
      attrBytes(XFRMA_LASTUSED, encode(u64, 1_700_000_000n)),
    ]),
  );
  expect(sa).toMatchObject({
    replayWindow: 32,
    sequence: { output: 0x2_ffff_fff0n, input: 0x3_0000_0005n },
    lastUsedSeconds: 1_700_000_000n,
  });
});

test("an output mark without its mask has all bits", () => {
  const { outputMark } = decodeAssociation(withAttributes([attrU32(29, 5)]));
  expect(outputMark).toEqual({ value: 5, mask: 0xffff_ffff });
});

test.each([
  [INFO.sel + 10, 1, "selector"],
  [INFO.sel + 54, 1, "selector"],
  [INFO.lft, 1, "lifetime limits"],
  [INFO.id + 20, 51, "protocol 51"],
  [INFO.family, 7, "family 7"],
])("byte %i = %i is foreign: %s", (offset, value, foreign) => {
  const body = encodeAssociation(association);
  body[offset] = value;
  expect(decodeAssociation(body).foreign).toContain(foreign);
});

test("the selector's family alone, which the kernel fills in, is not foreign", () => {
  const body = encodeAssociation(association);
  body[INFO.sel + 40] = 2;
  expect(decodeAssociation(body).foreign).toEqual([]);
});

test("attributes that an SA cannot say are foreign by name", () => {
  const types = [8, 14, 28, 32, 33, 34, 35, 99, 27];
  const sa = decodeAssociation(withAttributes(types.map((t) => attrU32(t, 1))));
  expect(sa.foreign).toEqual([
    "XFRMA_SEC_CTX",
    "XFRMA_COADDR",
    "XFRMA_OFFLOAD_DEV",
    "XFRMA_MTIMER_THRESH",
    "XFRMA_SA_DIR",
    "XFRMA_NAT_KEEPALIVE_INTERVAL",
    "XFRMA_SA_PCPU",
    "attribute 99",
    "no AEAD algorithm",
  ]);
});

test("neither an SA nor an observed one shows its key", () => {
  const sa: SecurityAssociation = {
    ...association,
    flags: XFRM_STATE_ESN,
    replayWindow: 32,
  };
  const observed = decodeAssociation(encodeAssociation(sa));
  const secret = Buffer.from(sa.aead.key.bytes()).toString("hex");
  for (const value of [sa, observed]) {
    const shown = `${inspect(value, { depth: 9, showHidden: true })} ${JSON.stringify(value, printable)}`;
    expect(shown).toContain("<redacted>");
    expect(shown).not.toContain(secret);
    expect(shown).not.toMatch(/\b15,\s*16,\s*17\b/u);
  }
});

function printable(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

/** The body of an SA that has these attributes and no others. */
function withAttributes(list: readonly Attribute[]): Uint8Array {
  const info = encodeAssociation(association).subarray(0, xfrmUsersaInfo.size);
  return Buffer.concat([info, encodeAttributes(list)]);
}
