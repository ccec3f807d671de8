import { BlockList, isIP } from "node:net";
import fc from "fast-check";
import { IPv4CidrRange, IPv6 } from "ip-num";
import { describe, expect, test } from "vitest";
import {
  addressFromBytes,
  addressFromValue,
  addressInCidr,
  addressValue,
  type Cidr,
  cidrContains,
  cidrOf,
  cidrOverlaps,
  compareAddresses,
  compareCidrs,
  firstAddress,
  lastAddress,
  mapAddress,
  mapCidr,
  parseAddress,
  parseAddressWithPrefix,
  parseCidr,
} from "../../../ip/cidr.ts";

const bytesOf = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });

/** Few different bytes, so that networks meet, nest and touch. */
const crowdedBytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc
    .array(fc.constantFrom(0, 1, 2, 127, 128, 255), {
      minLength: length,
      maxLength: length,
    })
    .map((list) => Uint8Array.from(list));

const cidr = fc
  .constantFrom(4, 16)
  .chain((length) =>
    fc.tuple(crowdedBytes(length), fc.nat({ max: length * 8 })),
  )
  .map(([bytes, prefix]) => cidrOf(bytes, prefix));

const twoOfAFamily = fc
  .constantFrom(4, 16)
  .chain((length) =>
    fc.tuple(
      crowdedBytes(length),
      crowdedBytes(length),
      fc.nat({ max: length * 8 }),
      fc.nat({ max: length * 8 }),
    ),
  )
  .map(([a, b, p, q]) => [cidrOf(a, p), cidrOf(b, q)] as const);

/** The naive model: a network is all numbers from its first to its last. */
function range(network: Cidr): { first: bigint; last: bigint } {
  const size = 1n << BigInt(network.bytes.length * 8 - network.prefix);
  const value = BigInt(`0x${Buffer.from(network.bytes).toString("hex")}`);
  const first = value - (value % size);
  return { first, last: first + size - 1n };
}

function blockList(network: Cidr): BlockList {
  const list = new BlockList();
  const family = network.family === 4 ? "ipv4" : "ipv6";
  list.addSubnet(firstAddress(network).text, network.prefix, family);
  return list;
}

describe("parseAddress()", () => {
  test.each([
    ["10.0.0.1", "10.0.0.1", [10, 0, 0, 1]],
    ["255.255.255.255", "255.255.255.255", [255, 255, 255, 255]],
    ["FD00:0:0::1", "fd00::1", [0xfd, ...Array<number>(14).fill(0), 1]],
    ["::", "::", Array<number>(16).fill(0)],
    [
      "1:0:0:2::3",
      "1:0:0:2::3",
      [0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3],
    ],
    [
      "1:0:0:2:0:0:3:4",
      "1::2:0:0:3:4",
      [0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 3, 0, 4],
    ],
    [
      "1:2:3:4:5:6:7::",
      "1:2:3:4:5:6:7:0",
      [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0],
    ],
    [
      "64:ff9b::1.2.3.4",
      "64:ff9b::102:304",
      [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
    ],
  ])("parseAddress() reads %s as %s", (text, canonical, bytes) => {
    const address = parseAddress(text);
    expect(address.text).toBe(canonical);
    expect([...address.bytes]).toEqual(bytes);
    expect(address.family).toBe(bytes.length === 4 ? 4 : 6);
  });

  test.each([
    "",
    ".",
    ":",
    ":::",
    "10.0.0",
    "10.0.0.0.1",
    "10.0.0.256",
    "10.0.0.-1",
    "010.0.0.1",
    "0x0a.0.0.1",
    "10.0.0.1 ",
    " 10.0.0.1",
    "10.0.0.1/24",
    "10.0.0.1\n",
    "167772161",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "12345::",
    "fe80::1%eth0",
    "fe80::1/64",
    "g::1",
    "::1.2.3",
    "::1.2.3.256",
    "1.2.3.4::",
    "１.1.1.1",
    "[::1]",
    "localhost",
    "10.0.0.1e0",
    "..10.0",
    "10..0.1",
  ])("parseAddress() refuses %j", (text) => {
    expect(() => parseAddress(text)).toThrow(
      new RangeError(`"${text}" is not an IP address`),
    );
  });

  test("parseAddress() sends an IPv4-mapped address to its one spelling", () => {
    expect(() => parseAddress("::ffff:10.0.0.1")).toThrow(
      new RangeError(
        '"::ffff:10.0.0.1" is an IPv4 address in IPv6 form: write "10.0.0.1"',
      ),
    );
    expect(() => parseAddress("::ffff:a00:1")).toThrow(/write "10.0.0.1"/);
    expect(parseAddress("::fffe:a00:1").family).toBe(6);
  });

  test("parseAddress() accepts what Node's own check accepts, mapped and scoped addresses apart", () => {
    const character = fc.constantFrom(
      ...Array.from("0123456789abcdefF:.%/ -gx"),
    );
    const text = fc.oneof(
      fc.string({ unit: character, maxLength: 45 }),
      fc.ipV4(),
      fc.ipV6(),
      fc.ipV4Extended(),
    );
    fc.assert(
      fc.property(text, (candidate) => {
        const accepted = accepts(candidate);
        if (accepted) expect(isIP(candidate)).not.toBe(0);
        else if (isIP(candidate) !== 0) {
          expect(candidate).toMatch(/%|^[0:]*:ffff:/i);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("parseAddress() reads IPv6 as ip-num does", () => {
    const group = fc.oneof(
      fc.constantFrom("", "0", "00000", "g", "ffff", "1.2.3.4"),
      fc.nat({ max: 0xffff }).map((word) => word.toString(16)),
    );
    const text = fc
      .array(group, { minLength: 2, maxLength: 10 })
      .map((groups) => groups.join(":"));
    let readable = 0;
    fc.assert(
      fc.property(fc.oneof(text, fc.ipV6()), (candidate) => {
        const value = ipNumValue(candidate);
        if (!accepts(candidate)) {
          // The one thing that ip-num takes and we don't: IPv4 in IPv6 form.
          if (value !== undefined) expect(value >> 32n).toBe(0xffffn);
          return;
        }
        readable++;
        expect(addressValue(parseAddress(candidate).bytes)).toBe(value);
      }),
      { numRuns: 3000 },
    );
    expect(readable).toBeGreaterThan(500);
  });

  test("parseAddress() spells IPv6 as URLs do, and reads its own spelling back", () => {
    fc.assert(
      fc.property(crowdedBytes(16), (bytes) => {
        const { text } = addressFromBytes(bytes);
        const groups = Buffer.from(bytes).toString("hex").match(/.{4}/g) ?? [];
        const url = new URL(`http://[${groups.join(":")}]/`);
        expect(`[${text}]`).toBe(url.hostname);
        if (!text.startsWith("::ffff:")) {
          expect(parseAddress(text).bytes).toEqual(bytes);
        }
      }),
      { numRuns: 500 },
    );
  });
});

function ipNumValue(text: string): bigint | undefined {
  try {
    return new IPv6(text).getValue();
  } catch {
    return undefined;
  }
}

function accepts(text: string): boolean {
  try {
    parseAddress(text);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError);
    return false;
  }
}

describe("parseCidr()", () => {
  test.each([
    ["10.0.0.0/24", "10.0.0.0/24"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["10.0.0.1/32", "10.0.0.1/32"],
    ["FD00:1::/64", "fd00:1::/64"],
    ["fd00:0001:0:0:0:0:0:0/64", "fd00:1::/64"],
    ["::/0", "::/0"],
  ])("parseCidr() reads %s as %s", (text, canonical) => {
    expect(parseCidr(text).text).toBe(canonical);
  });

  test.each([
    [
      "10.0.0.1/24",
      '"10.0.0.1/24" has bits set after its first 24: the network is "10.0.0.0/24"',
    ],
    [
      "fd00::1/64",
      '"fd00::1/64" has bits set after its first 64: the network is "fd00::/64"',
    ],
    [
      "10.0.0.0/33",
      '"10.0.0.0/33" is not a CIDR: its prefix length must be 0 to 32',
    ],
    [
      "10.0.0.0/",
      '"10.0.0.0/" is not a CIDR: its prefix length must be 0 to 32',
    ],
    [
      "10.0.0.0/08",
      '"10.0.0.0/08" is not a CIDR: its prefix length must be 0 to 32',
    ],
    [
      "10.0.0.0/255.255.255.0",
      '"10.0.0.0/255.255.255.0" is not a CIDR: its prefix length must be 0 to 32',
    ],
    [
      "10.0.0.0/24/24",
      '"10.0.0.0/24/24" is not a CIDR: its prefix length must be 0 to 32',
    ],
    [
      "fd00::/129",
      '"fd00::/129" is not a CIDR: its prefix length must be 0 to 128',
    ],
    [
      "10.0.0.0",
      '"10.0.0.0" is not a CIDR: it has no prefix length, such as "10.0.0.0/24"',
    ],
    [
      "fd00::",
      '"fd00::" is not a CIDR: it has no prefix length, such as "fd00::/64"',
    ],
    ["/24", '"" is not an IP address'],
    ["pods", '"pods" is not an IP address'],
  ])("parseCidr() refuses %s", (text, message) => {
    expect(() => parseCidr(text)).toThrow(new RangeError(message));
  });

  test("parseCidr() agrees with ip-num on first and last address", () => {
    fc.assert(
      fc.property(bytesOf(4), fc.nat({ max: 32 }), (bytes, prefix) => {
        const network = cidrOf(bytes, prefix);
        const oracle = IPv4CidrRange.fromCidr(`${bytes.join(".")}/${prefix}`);
        expect(firstAddress(network).text).toBe(oracle.getFirst().toString());
        expect(lastAddress(network).text).toBe(oracle.getLast().toString());
        expect(parseCidr(network.text)).toEqual(network);
      }),
    );
  });

  test("parseAddressWithPrefix() keeps host bits and gives the network", () => {
    const { address, prefix, network } = parseAddressWithPrefix("10.1.2.3/20");
    expect(address.text).toBe("10.1.2.3");
    expect(prefix).toBe(20);
    expect(network.text).toBe("10.1.0.0/20");
  });
});

describe("networks", () => {
  test("cidrContains() and cidrOverlaps() are what ranges of numbers say", () => {
    fc.assert(
      fc.property(twoOfAFamily, ([a, b]) => {
        const [x, y] = [range(a), range(b)];
        expect(cidrContains(a, b)).toBe(x.first <= y.first && y.last <= x.last);
        expect(cidrOverlaps(a, b)).toBe(x.first <= y.last && y.first <= x.last);
        expect(cidrOverlaps(a, b)).toBe(cidrOverlaps(b, a));
      }),
      { numRuns: 1000 },
    );
  });

  test("addressInCidr() agrees with Node's block list", () => {
    fc.assert(
      fc.property(twoOfAFamily, ([network, other]) => {
        const { text, family, bytes } = firstAddress(other);
        const oracle = blockList(network).check(text, `ipv${family}`);
        expect(addressInCidr(bytes, network)).toBe(oracle);
      }),
      { numRuns: 500 },
    );
  });

  test("networks of two families never meet", () => {
    const [four, six] = [parseCidr("0.0.0.0/0"), parseCidr("::/0")];
    expect(cidrOverlaps(four, six)).toBe(false);
    expect(addressInCidr(parseAddress("::1").bytes, four)).toBe(false);
    expect(compareCidrs(four, six)).toBeLessThan(0);
  });

  test("addressValue() and addressFromValue() are each other's inverse, and order as addresses do", () => {
    fc.assert(
      fc.property(twoOfAFamily, ([a, b]) => {
        const [x, y] = [addressValue(a.bytes), addressValue(b.bytes)];
        expect(addressFromValue(a.family, x).bytes).toEqual(a.bytes);
        expect(Math.sign(compareAddresses(a.bytes, b.bytes))).toBe(
          x < y ? -1 : Number(x > y),
        );
      }),
    );
  });

  test("addressFromValue() refuses what the family does not have", () => {
    const message = "There is no IPv4 address number 4294967296";
    expect(() => addressFromValue(4, 2n ** 32n)).toThrow(
      new RangeError(message),
    );
    expect(() => addressFromValue(6, -1n)).toThrow(RangeError);
    expect(() => addressFromValue(6, 2n ** 128n)).toThrow(RangeError);
    expect(addressFromValue(4, 0n).text).toBe("0.0.0.0");
  });

  test("cidrOf() and addressFromBytes() refuse impossible sizes", () => {
    expect(() => cidrOf(Uint8Array.of(1, 2, 3, 4), 33)).toThrow(RangeError);
    expect(() => cidrOf(Uint8Array.of(1, 2, 3, 4), 1.5)).toThrow(RangeError);
    expect(() => addressFromBytes(Uint8Array.of(1, 2, 3))).toThrow(
      new RangeError("An IP address has 4 or 16 bytes, not 3"),
    );
  });
});

describe("mapping", () => {
  test("mapAddress() keeps the host's place", () => {
    const [from, to] = [parseCidr("10.244.0.0/16"), parseCidr("100.80.0.0/16")];
    const mapped = mapAddress(parseAddress("10.244.3.9").bytes, from, to);
    expect(mapped.text).toBe("100.80.3.9");
  });

  test("mapAddress() there and back is the same address", () => {
    fc.assert(
      fc.property(
        cidr,
        fc.infiniteStream(fc.nat({ max: 255 })),
        (to, noise) => {
          const from = cidrOf(
            to.bytes.map((byte) => byte ^ 0x55),
            to.prefix,
          );
          const random = to.bytes.map(() => Number(noise.next().value));
          const inside = from.bytes.map(
            (byte, i) =>
              byte | ((random[i] ?? 0) & (lastAddress(from).bytes[i] ?? 0)),
          );
          const there = mapAddress(inside, from, to);
          expect(addressInCidr(there.bytes, to)).toBe(true);
          expect(mapAddress(there.bytes, to, from).bytes).toEqual(inside);
        },
      ),
    );
  });

  test("mapCidr() maps a node's share", () => {
    const [from, to] = [parseCidr("10.244.0.0/16"), parseCidr("100.80.0.0/16")];
    expect(mapCidr(parseCidr("10.244.7.0/24"), from, to).text).toBe(
      "100.80.7.0/24",
    );
    expect(() => mapCidr(parseCidr("10.0.0.0/8"), from, to)).toThrow(
      new RangeError('Cannot map "10.0.0.0/8": it is not in "10.244.0.0/16"'),
    );
  });

  test("mapAddress() refuses networks that are not alike, and strangers", () => {
    const from = parseCidr("10.244.0.0/16");
    const { bytes } = parseAddress("10.244.0.1");
    expect(() => mapAddress(bytes, from, parseCidr("100.80.0.0/17"))).toThrow(
      new RangeError(
        'Cannot map "10.244.0.0/16" to "100.80.0.0/17": not alike',
      ),
    );
    const stranger = parseAddress("10.9.0.1").bytes;
    expect(() =>
      mapAddress(stranger, from, parseCidr("100.80.0.0/16")),
    ).toThrow(
      new RangeError('Cannot map "10.9.0.1": it is not in "10.244.0.0/16"'),
    );
  });
});
