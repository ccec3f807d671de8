import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer, request } from "node:https";
import type { Socket } from "node:net";
import { join } from "node:path";
import type { Access } from "../../../plugin/kubernetes/api/access.ts";
import { authority } from "./pki.ts";

/** What is wrong with an API server. */
export type Fault =
  | { readonly status: number; readonly headers?: Record<string, string> }
  /** Whoever comes is cut off. */
  | "gone";

/** Stands before a real API server, and is as faulty as a test says. */
export interface FaultProxy extends AsyncDisposable {
  readonly server: string;
  /** Of the authority that vouches for it now. */
  readonly ca: () => string;
  /** From now on, also to whoever is connected; undefined: none. */
  readonly fault: (fault: Fault | undefined) => void;
  /** What is being answered now is never ended, and gets no further byte. */
  readonly stall: () => void;
  /** Has another authority vouch for it. */
  readonly rotate: () => void;
}

/** @param folder for its keys */
export async function faultProxy(
  target: Access,
  folder: string,
): Promise<FaultProxy> {
  let rounds = 0;
  const issue = () => {
    const ca = authority(join(folder, `proxy-${rounds++}`));
    const own = ca.sign("proxy", "/CN=proxy", [
      "subjectAltName=IP:127.0.0.1",
      "extendedKeyUsage=serverAuth",
    ]);
    const read = (path: string) => readFileSync(path, "utf8");
    return {
      authority: read(ca.certificate),
      ...{ cert: read(own.certificate), key: read(own.key) },
    };
  };
  let identity = issue();
  let fault: Fault | undefined;
  const answers = new Set<{ response: ServerResponse; stall: () => void }>();
  const sockets = new Set<Socket>();
  const server = createServer(identity, (asked, response) => {
    if (typeof fault === "object") {
      response.writeHead(fault.status, fault.headers);
      response.end("<html>no</html>");
      return;
    }
    const { method, headers } = asked;
    const { ca } = target.credentials();
    const url = `${target.server}${asked.url ?? ""}`;
    const options = { method, headers, ...(ca === undefined ? {} : { ca }) };
    const passed = request(url, options, (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
      const one = {
        response,
        stall: () => {
          answer.unpipe(response);
          answer.resume();
        },
      };
      answers.add(one);
      response.on("close", () => {
        answers.delete(one);
        passed.destroy();
      });
    });
    passed.on("error", () => response.destroy());
    asked.pipe(passed);
  }).listen(0, "127.0.0.1");
  server.on("connection", (socket: Socket) => {
    if (fault === "gone") socket.destroy();
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    server: `https://127.0.0.1:${String(port)}`,
    ca: () => identity.authority,
    fault: (next) => {
      fault = next;
      if (next !== undefined) cut();
    },
    stall: () => {
      for (const { stall } of answers) stall();
    },
    rotate: () => {
      identity = issue();
      server.setSecureContext(identity);
      cut();
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      cut();
      await once(server, "close");
    },
  };
}
