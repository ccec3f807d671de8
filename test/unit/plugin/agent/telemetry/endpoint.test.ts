import { once } from "node:events";
import { request } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import {
  parseEndpoint,
  serveMetrics,
} from "../../../../../plugin/agent/telemetry/endpoint.ts";
import { silent } from "../../../../../plugin/kernel/log.ts";
import { until } from "../../../../support/until.ts";

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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function scrapePort(port: number): Promise<string> {
  const asked = request({ port, host: "127.0.0.1", path: "/metrics" }).end();
  const [response] = (await once(asked, "response")) as [AsyncIterable<Buffer>];
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part);
  return Buffer.concat(parts).toString();
}

describe("serveMetrics()", () => {
  it("answers however many connections somebody holds open, and closes those", async () => {
    const port = await freePort();
    const content = "x".repeat(1 << 22);
    const scrape = () => Promise.resolve(content);
    const stop = serveMetrics({ host: "127.0.0.1", port }, scrape, silent);
    const held: Socket[] = [];
    const hold = async (said: string): Promise<void> => {
      const socket = connect(port, "127.0.0.1").on("error", () => undefined);
      held.push(socket.pause());
      await once(socket, "connect");
      socket.write(said);
    };
    try {
      await until(() => scrapePort(port).then(Boolean, () => false));
      for (let count = 0; count < 20; count += 1) {
        await hold("");
        await hold("GET /metrics HTTP/1.1\r\nHost: a\r\nX-Slow: ");
        await hold("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"); // and does not read
      }
      await expect(scrapePort(port)).resolves.toBe(content);
      for (const socket of held) socket.resume();
      await until(() => held.every((socket) => socket.destroyed));
    } finally {
      for (const socket of held) socket.destroy();
      stop();
    }
  });
});
