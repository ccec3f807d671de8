import { describe, expect, it } from "vitest";
import { parseCidr } from "../../../../../ip/cidr.ts";
import type { Flow } from "../../../../../plugin/netfilter/trace/flow.ts";
import {
  compatMarking,
  type Marking,
  savedMarking,
} from "../../../../../plugin/netfilter/trace/marking.ts";

const flow = (mark?: number, connectionMark?: number): Flow => ({
  family: 4,
  source: parseCidr("10.0.0.0/24"),
  destination: parseCidr("10.1.0.0/24"),
  inputs: [],
  outputs: [],
  mark,
  connectionMark,
});

const given = (marking: Marking | undefined, before: Flow) => {
  const { mark, connectionMark } = marking?.(before) ?? {};
  return [mark, connectionMark];
};

/** Numbers of the host, and single bytes behind them. */
const struct = (words: number[], bytes: number[]): Uint8Array =>
  Uint8Array.of(...new Uint8Array(Uint32Array.from(words).buffer), ...bytes, 0);

describe("savedMarking()", () => {
  it.each<[string, string, Flow, (number | undefined)[]]>([
    ["MARK", "--set-xmark 0x1/0xffffffff", flow(6, 5), [1, 5]],
    ["MARK", "--set-xmark 0x1/0x3", flow(6, 5), [5, 5]],
    ["MARK", "--set-xmark 0x1/0x3", flow(undefined, 5), [undefined, 5]],
    ["MARK", "--set-xmark 0x1/0xffffffff", flow(), [1, undefined]],
    [
      "CONNMARK",
      "--set-xmark 0x80000000/0xf0000000",
      flow(6, 5),
      [6, 0x80000005],
    ],
    [
      "CONNMARK",
      "--save-mark --nfmask 0x3 --ctmask 0xff",
      flow(6, 0x105),
      [6, 0x102],
    ],
    [
      "CONNMARK",
      "--restore-mark --nfmask 0xf --ctmask 0xf",
      flow(0x36, 0x25),
      [0x35, 0x25],
    ],
    [
      "CONNMARK",
      "--restore-mark --left-shift-mark 2",
      flow(1, 1),
      [undefined, undefined],
    ],
    ["TPROXY", "--on-port 1 --tproxy-mark 0x1/0x1", flow(1, 1), [undefined, 1]],
  ])("%s %s", (target, words, before, after) => {
    expect(given(savedMarking(target, words.split(" ")), before)).toEqual(
      after,
    );
  });

  it("is none for other targets", () => {
    expect(savedMarking("DROP", [])).toBeUndefined();
  });
});

describe("compatMarking()", () => {
  it.each<[string, number, Uint8Array, (number | undefined)[]]>([
    ["MARK", 2, struct([1, 3], []), [5, 0x105]],
    ["MARK", 1, struct([1, 3], []), [undefined, 0x105]],
    ["CONNMARK", 1, struct([8, 0xf, 0], [0]), [6, 0x108]],
    ["CONNMARK", 1, struct([0, 0xff, 3], [1]), [6, 0x102]],
    ["CONNMARK", 2, struct([0, 0xf, 0xf], [0, 0, 2]), [5, 0x105]],
    ["CONNMARK", 2, struct([0, 0xf, 0xf], [0, 4, 2]), [undefined, undefined]],
  ])("%s of revision %i", (name, revision, info, after) => {
    const marking = compatMarking({ name, revision, info });
    expect(given(marking, flow(6, 0x105))).toEqual(after);
  });
});
