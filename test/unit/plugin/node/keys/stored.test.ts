import { describe, expect, it } from "vitest";
import {
  isCounters,
  isGenerations,
} from "../../../../../plugin/node/keys/stored.ts";

const look = { milliseconds: 12, octets: 3, sent: { a: [0, 4_294_967_295] } };
const node = { network: "4026531840", secrets: { 1: "ab" }, looks: [look] };
const counters = { version: 1, boot: "b", nodes: [node] };

const withLook = (other: object): object => ({
  ...counters,
  nodes: [{ ...node, looks: [{ ...look, ...other }] }],
});
const withNode = (other: object): object => ({
  ...counters,
  nodes: [{ ...node, ...other }],
});

describe("isCounters()", () => {
  it("takes what is written", () => {
    expect(isCounters(counters)).toBe(true);
    expect(isCounters(withLook({ octets: undefined }))).toBe(true);
    expect(isCounters({ ...counters, nodes: [] })).toBe(true);
  });

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["a list", []],
    ["a word", "counters"],
    ["another version", { ...counters, version: 2 }],
    ["no boot", { ...counters, boot: undefined }],
    ["nodes that are no list", { ...counters, nodes: {} }],
    ["a node that is null", { ...counters, nodes: [null] }],
    ["a node without a network", withNode({ network: 4 })],
    ["a secret without a name", withNode({ secrets: { 1: null } })],
    ["secrets that are a list", withNode({ secrets: ["ab"] })],
    ["no looks", withNode({ looks: undefined })],
    ["a time before the boot", withLook({ milliseconds: -1 })],
    ["a time that is a word", withLook({ milliseconds: "12" })],
    ["octets that are none", withLook({ octets: 1e300 })],
    [
      "a sequence number beyond the last",
      withLook({ sent: { a: [0, 2 ** 32] } }),
    ],
    ["half a sequence number", withLook({ sent: { a: [0, 0.5] } })],
    [
      "a generation that would take for ever",
      withLook({ sent: { a: [1e15, 0] } }),
    ],
    ["a generation alone", withLook({ sent: { a: [1] } })],
    ["sent that is null", withLook({ sent: null })],
  ])("does not take %s", (_, content) => {
    expect(isCounters(content)).toBe(false);
  });
});

describe("isGenerations()", () => {
  it("takes what is written", () => {
    expect(isGenerations({ version: 1, newest: { a: 3 } })).toBe(true);
    expect(isGenerations({ version: 1, newest: {} })).toBe(true);
  });

  it.each([
    ["null", null],
    ["no version", { newest: {} }],
    ["a list", { version: 1, newest: [1] }],
    ["a word", { version: 1, newest: { a: "3" } }],
    ["a negative one", { version: 1, newest: { a: -1 } }],
    ["one that would take for ever", { version: 1, newest: { a: 1e15 } }],
  ])("does not take %s", (_, content) => {
    expect(isGenerations(content)).toBe(false);
  });
});
