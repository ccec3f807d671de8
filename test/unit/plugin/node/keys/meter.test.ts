import { describe, expect, it } from "vitest";
import {
  fourOctets,
  mostPackets,
  readMeter,
} from "../../../../../plugin/node/keys/meter.ts";
import type { Kernel } from "../../../../../plugin/kernel/kernel.ts";

describe("mostPackets()", () => {
  it("is bounded by time, and by what was sent", () => {
    const from = { milliseconds: 0, octets: 0 };
    expect(mostPackets(from, { milliseconds: 1000, octets: 10 ** 12 })).toBe(
      20_000_000,
    );
    expect(mostPackets(from, { milliseconds: 10 ** 9, octets: 1000 })).toBe(
      2 ** 16 + 1000,
    );
    expect(mostPackets({ milliseconds: 0 }, { milliseconds: 0 })).toBe(
      10_000_000,
    );
  });

  it("is unknown where the clock went back", () => {
    expect(mostPackets({ milliseconds: 1 }, { milliseconds: 0 })).toBe(
      Infinity,
    );
  });
});

it("fourOctets() finds the value below its name", () => {
  const text =
    "TcpExt: A B\nTcpExt: 1 2\nIpExt: InNoRoutes OutOctets InMcastPkts\nIpExt: 7 1234 9\n";
  expect(fourOctets(text)).toBe(1234);
  expect(fourOctets("")).toBeUndefined();
});

it("readMeter() counts octets of this process' own namespace alone", () => {
  const kernel = { binding: {} } as Kernel;
  expect(readMeter(kernel).octets).toBeGreaterThanOrEqual(0);
  expect(readMeter({ ...kernel, netns: 3 }).octets).toBeUndefined();
});
