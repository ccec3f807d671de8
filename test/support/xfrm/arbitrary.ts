import fc from "fast-check";
import type { IpPrefix } from "../../../native/address.ts";
import { Key } from "../../../native/xfrm/key.ts";
import type { SecurityAssociation } from "../../../native/xfrm/sa.ts";
import type { Selector } from "../../../native/xfrm/selector.ts";
import type { SecurityPolicy, Template } from "../../../native/xfrm/sp.ts";

const u8 = fc.integer({ min: 1, max: 0xff });
const u16 = fc.integer({ min: 1, max: 0xffff });
const u32 = fc.integer({ min: 1, max: 0xffff_ffff });
const mark = fc.record({ value: u32, mask: u32 });
const mode = fc.constantFrom("tunnel", "transport", "mode 4");
const sizes = fc.constantFrom(4, 16);

function bytes(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length });
}

/** Both addresses of one family. */
const ends = sizes.chain((size) =>
  fc.record({ source: bytes(size), destination: bytes(size) }),
);

function prefixes(size: number): fc.Arbitrary<IpPrefix> {
  return fc.record({
    address: bytes(size),
    length: fc.integer({ min: 0, max: size * 8 }),
  });
}

const selector: fc.Arbitrary<Selector> = sizes.chain((size) =>
  fc.record(
    {
      source: prefixes(size),
      destination: prefixes(size),
      protocol: u8,
      sourcePort: fc.nat(0xffff),
      destinationPort: fc.nat(0xffff),
      interfaceIndex: fc.integer({ min: 1, max: 0x7fff_ffff }),
    },
    { requiredKeys: ["source", "destination"] },
  ),
);

const template: fc.Arbitrary<Template> = ends.chain((addresses) =>
  fc.record(
    {
      source: fc.constant(addresses.source),
      destination: fc.constant(addresses.destination),
      spi: u32,
      reqid: u32,
      mode,
      optional: fc.constant(true),
      protocol: fc.constantFrom(51, 108),
    },
    { requiredKeys: ["source", "destination", "reqid", "mode"] },
  ),
);

/** Policies with every field, in every combination. */
export const policies: fc.Arbitrary<SecurityPolicy & { index: number }> =
  fc.record(
    {
      selector,
      direction: fc.constantFrom("in", "out", "fwd"),
      action: fc.constantFrom("allow", "block"),
      priority: u32,
      templates: fc.array(template, { maxLength: 4 }),
      index: u32,
      mark,
      ifId: u32,
      flags: u8,
    },
    {
      requiredKeys: [
        "selector",
        "direction",
        "action",
        "priority",
        "templates",
        "index",
      ],
    },
  );

const aead = fc.record({
  algorithm: fc.constantFrom(
    "rfc4106(gcm(aes))",
    "rfc7539esp(chacha20,poly1305)",
  ),
  key: fc.uint8Array({ maxLength: 64 }).map((value) => new Key(value)),
  icvBits: u8,
});

/** SAs with every field, in every combination. */
export const associations: fc.Arbitrary<SecurityAssociation> = ends.chain(
  (addresses) =>
    fc.record(
      {
        source: fc.constant(addresses.source),
        destination: fc.constant(addresses.destination),
        spi: u32,
        reqid: u32,
        mode,
        replayWindow: fc.nat(4096),
        aead,
        encapsulation: fc.record(
          {
            sourcePort: u16,
            destinationPort: u16,
            type: fc.constantFrom(1, 7),
          },
          { requiredKeys: ["sourcePort", "destinationPort"] },
        ),
        flags: u8,
        extraFlags: u32,
        mark,
        outputMark: mark,
        ifId: u32,
        tfcPadding: u32,
      },
      {
        requiredKeys: [
          "source",
          "destination",
          "spi",
          "reqid",
          "mode",
          "replayWindow",
          "aead",
        ],
      },
    ),
);
