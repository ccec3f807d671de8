import { type IncomingMessage, request as requestPlain } from "node:http";
import { request as requestSecure } from "node:https";
import type { Access } from "./access.ts";
import { ApiError, connectionError, refusal } from "./error.ts";

/** One request to an API server. */
export interface ApiRequest {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Such as `/api/v1/nodes`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  /** Of a PATCH's body; merge-patch where left out. */
  readonly contentType?: string;
  /** How long the answer may take to begin, and how long it may then be silent, in milliseconds. */
  readonly patienceMs?: number;
}

const PATIENCE_MS = 30_000;

/** Node's own would be a second: a packet each way on every watch of every node. */
const KEEPALIVE_MS = 30_000;

/** An answer larger than this is no answer: 5,000 nodes with all their images are 100 MB in pages of 500. */
const LONGEST = 64 * 1024 * 1024;

/** Sends a request, and reads the whole answer as JSON. Rejects with ApiError, also for a status of 400 and above. */
export async function ask(access: Access, asked: ApiRequest): Promise<unknown> {
  const { response } = await begin(access, asked);
  const text = await readAll(response, describe(access, asked));
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ApiError(`Cannot ${describe(access, asked)}: no JSON came back`);
  }
}

/** An answer that goes on. */
export interface Begun {
  readonly response: IncomingMessage;
  /** Cuts the connection. */
  readonly abort: () => void;
}

/** Sends a request, and waits for the answer's head. Rejects with ApiError as {@link ask} does. */
export async function begin(access: Access, asked: ApiRequest): Promise<Begun> {
  const what = describe(access, asked);
  const begun = await send(access, asked, what);
  const { response } = begun;
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return begun;
  const text = await readAll(response, what);
  const retryAfter = response.headers["retry-after"];
  throw refusal(what, status, {
    text,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
}

function describe({ server }: Access, { method, path }: ApiRequest): string {
  return `${method ?? "GET"} ${server}${path}`;
}

function send(access: Access, asked: ApiRequest, what: string): Promise<Begun> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      reject(connectionError(what, error));
    };
    try {
      const { url, options, body } = prepare(access, asked);
      const start = url.protocol === "http:" ? requestPlain : requestSecure;
      let begun: IncomingMessage | undefined;
      const request = start(url, options, (response) => {
        begun = response;
        resolve({ response, abort: () => request.destroy() });
      });
      // Also of a connection that is made but says nothing. Whoever reads the answer is told why it ends: else it was cut.
      request.setTimeout(asked.patienceMs ?? PATIENCE_MS, () => {
        const silence = new Error("silence");
        Object.assign(silence, { code: "ETIMEDOUT" });
        begun?.destroy(silence);
        request.destroy(silence);
      });
      request.on("socket", (socket) => {
        socket.setKeepAlive(true, KEEPALIVE_MS);
      });
      request.on("error", fail);
      request.end(body);
    } catch (error) {
      fail(error); // a URL or a certificate that is none
    }
  });
}

function prepare(access: Access, asked: ApiRequest) {
  const { ca, token, certificate, key } = access.credentials();
  const url = new URL(access.server + asked.path);
  for (const [name, value] of Object.entries(asked.query ?? {}))
    if (value !== undefined) url.searchParams.set(name, value);
  const body =
    asked.body === undefined ? undefined : JSON.stringify(asked.body);
  return {
    url,
    body,
    options: {
      method: asked.method ?? "GET",
      headers: { ...headersOf(token), ...headersOfBody(asked, body) },
      ...(ca === undefined ? {} : { ca }),
      ...(certificate === undefined ? {} : { cert: certificate }),
      ...(key === undefined ? {} : { key }),
    },
  };
}

function headersOf(token: string | undefined): Record<string, string> {
  return {
    Accept: "application/json",
    "User-Agent": "crosslink",
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
  };
}

function headersOfBody(
  asked: ApiRequest,
  body: string | undefined,
): Record<string, string> {
  if (body === undefined) return {};
  return {
    "Content-Type": contentType(asked),
    "Content-Length": String(Buffer.byteLength(body)),
  };
}

function contentType({ method, contentType: given }: ApiRequest): string {
  if (given !== undefined) return given;
  return method === "PATCH"
    ? "application/merge-patch+json"
    : "application/json";
}

async function readAll(
  response: IncomingMessage,
  what: string,
): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > LONGEST)
        throw new ApiError(`Cannot ${what}: the answer is too long`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof ApiError ? error : connectionError(what, error);
  }
  return Buffer.concat(chunks).toString("utf8");
}
