import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { once } from "node:events";
import type { Access } from "../../../plugin/kubernetes/api/access.ts";

/** What a request asked for. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly token: string | undefined;
  readonly body: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- JSON that a test looks at
}

/** A server that answers as a test says, and keeps what it was asked. */
export interface FakeApi extends AsyncDisposable {
  readonly access: Access;
  readonly asked: Asked[];
  /** How the next requests are answered; the last one answers all that follow. */
  readonly answers: Answer[];
}

export type Answer = (response: ServerResponse, asked: Asked) => void;

/** By HTTP on loopback: what is tested is not TLS. */
export async function fakeApi(
  credentials: Access["credentials"] = () => ({ token: "t" }),
): Promise<FakeApi> {
  const asked: Asked[] = [];
  const answers: Answer[] = [];
  const server = createServer((request, response) => {
    void read(request).then((one) => {
      asked.push(one);
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      answer?.(response, one);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    asked,
    answers,
    access: { server: urlOf(server), credentials },
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function urlOf(server: Server): string {
  const address = server.address();
  if (typeof address !== "object" || address === null)
    throw new Error("Cannot tell where the server listens");
  return `http://127.0.0.1:${address.port}`;
}

async function read(request: IncomingMessage): Promise<Asked> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  const url = new URL(request.url ?? "/", "http://fake");
  return {
    method: request.method ?? "",
    path: url.pathname,
    query: url.searchParams,
    token: request.headers.authorization?.replace("Bearer ", ""),
    body: text === "" ? undefined : JSON.parse(text),
  };
}

/** A whole answer in JSON. */
export function json(
  value: unknown,
  { status = 200, headers = {} }: { status?: number; headers?: object } = {},
): Answer {
  return (response) => {
    response.writeHead(status, { ...headers });
    response.end(typeof value === "string" ? value : JSON.stringify(value));
  };
}

/** A list of objects with these names. */
export function listOf(
  names: readonly string[],
  metadata: object = { resourceVersion: "10" },
): Answer {
  return json({
    metadata,
    items: names.map((name) => ({ metadata: { name } })),
  });
}

/** A watch that says these lines, and then goes on without a word unless it is to end. */
export function stream(
  lines: readonly unknown[],
  { end = false }: { end?: boolean } = {},
): Answer {
  return (response) => {
    response.writeHead(200);
    response.flushHeaders();
    for (const line of lines)
      response.write(
        typeof line === "string" ? line : `${JSON.stringify(line)}\n`,
      );
    if (end) response.end();
  };
}

/** An event of a watch. */
export function event(type: string, name: string, resourceVersion: string) {
  return { type, object: { metadata: { name, resourceVersion } } };
}
