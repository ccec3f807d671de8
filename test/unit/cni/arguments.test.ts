import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  parseArguments,
  requireKnownArguments,
} from "../../../cni/arguments.ts";

describe("parseArguments()", () => {
  it("reads what kubelet's runtimes send", () => {
    const text =
      "IgnoreUnknown=1;K8S_POD_NAMESPACE=kube-system;K8S_POD_NAME=coredns-1";
    expect([...parseArguments(text, true)]).toEqual([
      ["IgnoreUnknown", "1"],
      ["K8S_POD_NAMESPACE", "kube-system"],
      ["K8S_POD_NAME", "coredns-1"],
    ]);
  });

  it.each([
    ["", []],
    [";;", []],
    ["A=1;", [["A", "1"]]],
    ["A=", [["A", ""]]],
    ["A=b=c", [["A", "b=c"]]],
    ["A=1;A=2", [["A", "2"]]],
    [
      "A=1;a=2;",
      [
        ["A", "1"],
        ["a", "2"],
      ],
    ],
    ["A=x\ny", [["A", "x\ny"]]],
  ])("reads %j", (text, pairs) => {
    expect([...parseArguments(text, true)]).toEqual(pairs);
  });

  it.each(["A", "=1", "A=1;B", "A=1; "])("refuses %j with code 4", (text) => {
    expect(() => parseArguments(text, true)).toThrow(
      expect.objectContaining({ code: 4 }) as Error,
    );
  });

  it("skips what is no pair when it is not strict", () => {
    expect([...parseArguments("A=1;B;=2;C=3", false)]).toEqual([
      ["A", "1"],
      ["C", "3"],
    ]);
  });

  it("gives back the pairs that were joined", () => {
    const key = fc.stringMatching(/^[A-Za-z_]{1,8}$/);
    const value = fc.stringMatching(/^[^;]{0,8}$/);
    const record = fc.dictionary(key, value, { noNullPrototype: true });
    fc.assert(
      fc.property(record, (pairs) => {
        const text = Object.entries(pairs)
          .map(([name, content]) => `${name}=${content}`)
          .join(";");
        expect(Object.fromEntries(parseArguments(text, true))).toEqual(pairs);
      }),
    );
  });
});

describe("requireKnownArguments()", () => {
  const check = (text: string): void => {
    requireKnownArguments(parseArguments(text, true), ["IP"]);
  };

  it.each([
    "",
    "IP=10.0.0.1",
    "IgnoreUnknown=1;K8S=x",
    "X=1;IgnoreUnknown=TRUE",
    "IgnoreUnknown=0;IP=1",
  ])("accepts %j", (text) => {
    expect(() => {
      check(text);
    }).not.toThrow();
  });

  it.each([
    ["K8S=x", 'unknown "K8S"'],
    ["ip=10.0.0.1", 'unknown "ip"'],
    ["K8S=x;IgnoreUnknown=false", 'unknown "K8S"'],
    ["ignoreUnknown=1", 'unknown "ignoreUnknown"'],
    ["IgnoreUnknown=yes", 'IgnoreUnknown is "yes"'],
  ])("refuses %j", (text, message) => {
    expect(() => {
      check(text);
    }).toThrow(message);
  });
});
