import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";

/** A server answered a call with something other than OK. */
class GrpcError extends Error {
  /** As https://grpc.io/docs/guides/status-codes numbers it: 14 is UNAVAILABLE. */
  readonly status: number;

  constructor(method: string, status: number, message: string) {
    super(`Cannot call ${method}: gRPC status ${status}: ${message}`);
    this.status = status;
  }
}

/** How long an answer may take, in milliseconds: as long as kubelet gives a runtime. */
const PATIENCE = 120_000;

/**
 * Calls a unary method of a gRPC server, by a connection of its own: a server that restarts between two calls is no
 * special case. Rejects where nobody serves, or there is no answer in two minutes.
 *
 * @param socket path of the server's Unix socket
 * @param method such as `/runtime.v1.RuntimeService/RunPodSandbox`
 */
export function callGrpc(
  socket: string,
  method: string,
  request: Uint8Array,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2("http://localhost", {
      createConnection: () => connect(socket),
    });
    const fail = (error: Error): void => {
      session.destroy();
      reject(error);
    };
    session.once("error", fail);
    session.setTimeout(PATIENCE, () => {
      fail(new GrpcError(method, 4, "there is no answer"));
    });
    const stream = session.request({
      ":method": "POST",
      ":path": method,
      "content-type": "application/grpc",
      te: "trailers",
    });
    const parts: Buffer[] = [];
    let outcome: Outcome = {};
    stream.on("data", (part: Buffer) => parts.push(part));
    // Without a body the status comes in the headers.
    stream.once("response", (headers) => (outcome = headers as Outcome));
    stream.once("trailers", (trailers) => (outcome = trailers as Outcome));
    stream.once("error", fail);
    stream.once("end", () => {
      session.close();
      const status = Number(outcome["grpc-status"] ?? 2);
      const message = decodeURIComponent(outcome["grpc-message"] ?? "");
      if (status === 0) resolve(unframe(Buffer.concat(parts)));
      else reject(new GrpcError(method, status, message));
    });
    stream.end(frame(request));
  });
}

interface Outcome {
  readonly "grpc-status"?: string;
  readonly "grpc-message"?: string;
}

/** "Length-Prefixed-Message" of gRPC over HTTP/2: not compressed, then the length. */
function frame(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function unframe(body: Buffer): Buffer {
  const length = body.length < 5 ? -1 : body.readUInt32BE(1);
  if (body.length === 5 + length) return body.subarray(5);
  throw new RangeError(
    `Cannot read a gRPC answer of ${body.length} bytes: it is no single message`,
  );
}
