import { describe, expect, it } from "vitest";
import { parseEndpoint } from "../../../../../plugin/agent/telemetry/endpoint.ts";

describe("parseEndpoint()", () => {
  it.each([
    ["/run/crosslink/metrics.sock", { path: "/run/crosslink/metrics.sock" }],
    ["127.0.0.1:9754", { host: "127.0.0.1", port: 9754 }],
    ["127.9.0.1:1", { host: "127.9.0.1", port: 1 }],
    ["[::1]:65535", { host: "::1", port: 65535 }],
  ])("takes %s", (text, endpoint) => {
    expect(parseEndpoint(text)).toEqual(endpoint);
  });

  it.each([
    "",
    "metrics.sock",
    ":9754",
    "0.0.0.0:9754",
    "[::]:9754",
    "10.0.0.1:9754",
    "localhost:9754",
    "127.0.0.1",
    "127.0.0.1:0",
    "127.0.0.1:65536",
    "127.0.0.1:97 54",
  ])("refuses %j: metrics go over no network", (text) => {
    expect(() => parseEndpoint(text)).toThrow(/neither a socket's path nor a/);
  });
});
