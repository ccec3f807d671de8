import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CniError } from "../../../cni/error.ts";
import { parseNetwork } from "../../../conf/network.ts";
import { refusal } from "./files.ts";

test("parseNetwork() fills in the defaults", () => {
  const config = Object.freeze({ type: "crosslink" });
  expect(parseNetwork(config)).toEqual({
    type: "crosslink",
    clustersDir: "/etc/crosslink/clusters.d",
    keyring: "/etc/crosslink/keyring.json",
    snat: "auto",
  });
  expect(config).toEqual({ type: "crosslink" });
});

test("parseNetwork() takes every key of its own", () => {
  const config = {
    type: "crosslink",
    clustersDir: "/a",
    keyring: "/b",
    node: "vm-0-7",
    snat: "identity",
    logFile: "/var/log/crosslink.log",
  };
  expect(parseNetwork(config)).toEqual(config);
});

test("parseNetwork() lets the runtime's keys through, null where Go writes it", () => {
  const config = {
    cniVersion: "0.3.1",
    name: "k8s-pod-network",
    type: "crosslink",
    prevResult: { interfaces: [{ name: "eth0" }] },
    runtimeConfig: { portMappings: [] },
    args: null,
    capabilities: { portMappings: true },
    ipam: {},
    dns: { nameservers: ["10.0.0.10"] },
    disableCheck: "true",
    disableGC: false,
    loadOnlyInlinedPlugins: true,
    "cni.dev/valid-attachments": [{ containerID: "a", ifname: "eth0" }],
    "cni.dev/attachments": null,
    "cni.dev/some-later-key": 1,
  };
  expect(parseNetwork(config)).toMatchObject(config);
});

describe("parseNetwork() refuses", () => {
  const cannot = "Cannot use the network configuration: ";
  test.each([
    [
      { clusterDir: "/a" },
      '/clusterDir: unknown key; did you mean "clustersDir"?',
    ],
    [
      { CLUSTERSDIR: "/a" },
      '/CLUSTERSDIR: unknown key; did you mean "clustersDir"?',
    ],
    [{ Snat: "auto" }, '/Snat: unknown key; did you mean "snat"?'],
    [
      { "a/b~c": 1 },
      /^\/a~1b~0c: unknown key; known keys are "type", "clustersDir", /,
    ],
    [{ clustersDir: 5 }, "/clustersDir: is 5, want a string"],
    [
      { clustersDir: "clusters.d" },
      '/clustersDir: is "clusters.d", want an absolute path',
    ],
    [{ keyring: null }, "/keyring: is null, want a string"],
    [{ keyring: "" }, '/keyring: is "", want an absolute path'],
    [
      { node: "" },
      '/node: is "", want a letter or digit, then up to 252 letters, digits, ".", "_" or "-"',
    ],
    [{ node: ["a"] }, "/node: is an array, want a string"],
    [
      { snat: "masquerade" },
      '/snat: is "masquerade", want one of "auto", "return", "identity", "off"',
    ],
    [
      { snat: true },
      '/snat: is true, want one of "auto", "return", "identity", "off"',
    ],
    [{ logFile: { path: "/x" } }, "/logFile: is an object, want a string"],
    [{ dns: "10.0.0.10" }, '/dns: is "10.0.0.10", want an object or null'],
    [{ type: undefined }, "/type: is missing"],
    [{ type: 7 }, "/type: is 7, want a string"],
    [
      { node: "x".repeat(300) },
      `/node: is "${"x".repeat(79)}…, want a letter or digit, then up to 252 letters, digits, ".", "_" or "-"`,
    ],
  ])("parseNetwork() refuses %j", (keys, message) => {
    const { code, msg } = refusal(() =>
      parseNetwork({ type: "crosslink", ...keys }),
    );
    expect(code).toBe(7);
    if (typeof message === "string") expect(msg).toBe(cannot + message);
    else expect(msg.slice(cannot.length)).toMatch(message);
  });
});

test("parseNetwork() returns or throws CniError 7, whatever JSON it gets", () => {
  const key = fc.oneof(
    fc.constantFrom(
      "type",
      "clustersDir",
      "keyring",
      "node",
      "snat",
      "logFile",
      "dns",
      "__proto__",
      "constructor",
    ),
    fc.string(),
  );
  const config = fc
    .dictionary(key, fc.oneof(fc.jsonValue(), fc.constant("/x")))
    .map(
      (value) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>,
    );
  fc.assert(
    fc.property(config, (value) => {
      try {
        expect(parseNetwork(value).snat).toMatch(/auto|return|identity|off/);
      } catch (error) {
        expect(error).toBeInstanceOf(CniError);
        expect(error).toMatchObject({ code: 7 });
      }
    }),
    { numRuns: 1000 },
  );
});
