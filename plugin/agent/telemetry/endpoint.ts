import { type Server, createServer, type ServerResponse } from "node:http";
import { lstatSync, rmSync } from "node:fs";
import { CniError, ErrorCode } from "../../../cni/error.ts";
import type { Log } from "../../kernel/log.ts";
import { limitConnections } from "./connections.ts";

/** Where metrics are served. */
export type Endpoint =
  { readonly path: string } | { readonly host: string; readonly port: number };

/**
 * Reads the words of `--metrics`: a socket's path, or a loopback address and a port.
 *
 * @throws CniError 7 for anything else: metrics tell who talks to whom, and go over no network
 */
export function parseEndpoint(text: string): Endpoint {
  if (text.startsWith("/")) return { path: text };
  const [, v6, v4, digits] =
    /^(?:\[(::1)\]|(127(?:\.\d{1,3}){3})):(\d{1,5})$/.exec(text) ?? [];
  const host = v6 ?? v4;
  const port = Number(digits);
  if (host !== undefined && port > 0 && port < 65_536) return { host, port };
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot serve metrics at "${text}": that is neither a socket's path nor a loopback address and port`,
    {
      details:
        "give a path such as /run/crosslink/metrics.sock, or 127.0.0.1:9754",
    },
  );
}

/**
 * Answers `GET /metrics`. Where it cannot be served that is logged: the agent has more important things to do.
 *
 * @param scrape the metrics as text
 * @returns what stops it
 */
export function serveMetrics(
  endpoint: Endpoint,
  scrape: () => Promise<string>,
  log: Log,
): () => void {
  const server = createServer((request, response) => {
    const asked = request.method === "GET" && request.url === "/metrics";
    if (asked) void answer(response, scrape, log);
    else end(response, 404, "GET /metrics\n");
  });
  limitConnections(server);
  server.on("error", (error) => {
    log("error", `Cannot serve metrics: ${error.message}`);
  });
  server.on("listening", () => {
    log("info", "metrics are served", { ...endpoint });
  });
  open(server, endpoint, log);
  return () => {
    server.close();
    server.closeAllConnections();
  };
}

/** The format's version: https://prometheus.io/docs/instrumenting/exposition_formats/ */
const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

async function answer(
  response: ServerResponse,
  scrape: () => Promise<string>,
  log: Log,
): Promise<void> {
  try {
    end(response, 200, await scrape());
  } catch (error) {
    log("warn", "metrics could not be read", { error: String(error) });
    end(response, 500, "the kernel's counters could not be read\n");
  }
}

function end(response: ServerResponse, status: number, text: string): void {
  const headers = { "Content-Type": CONTENT_TYPE, Connection: "close" };
  response.writeHead(status, headers).end(text);
}

function open(server: Server, endpoint: Endpoint, log: Log): void {
  if ("port" in endpoint) {
    server.listen(endpoint);
    return;
  }
  // For root alone, from the first moment: the socket is made within listen().
  const mask = process.umask(0o177);
  try {
    removeOld(endpoint.path);
    server.listen(endpoint);
  } catch (error) {
    log("error", `Cannot serve metrics: ${String(error)}`);
  } finally {
    process.umask(mask);
  }
}

/** The socket of an agent that was killed. */
function removeOld(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isSocket() === true) rmSync(path);
}
