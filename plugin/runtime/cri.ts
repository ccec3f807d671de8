import { callGrpc } from "./grpc.ts";
import {
  type Decoded,
  decodeFields,
  encodeFields,
  type Field,
  mapOf,
  textOf,
} from "./protobuf.ts";

// Numbers of fields: cri-api, pkg/apis/runtime/v1/api.proto.

/** A pod's sandbox, as its runtime lists it. */
export interface Sandbox {
  /** What CNI calls the container's ID. */
  readonly id: string;
  /** The pod's `namespace/name`. */
  readonly pod: string;
}

/** Every sandbox that a runtime knows, whatever its state: only one that has been removed has no DEL to come. */
export function listSandboxes(socket: string): Promise<Sandbox[]> {
  return list(socket, []);
}

/** The sandboxes whose pods run: PodSandboxFilter with the state SANDBOX_READY, which is 0 and left out. */
export function listReadySandboxes(socket: string): Promise<Sandbox[]> {
  return list(socket, [[1, [[2, []]]]]);
}

async function list(
  socket: string,
  request: readonly Field[],
): Promise<Sandbox[]> {
  const answer = await call(socket, "ListPodSandbox", request);
  return (answer.get(1) ?? []).map(decodeFields).map((sandbox) => {
    const metadata = decodeFields(sandbox.get(2)?.[0] ?? new Uint8Array());
    return {
      id: textOf(sandbox, 1),
      pod: `${textOf(metadata, 3)}/${textOf(metadata, 1)}`,
    };
  });
}

/** What a runtime tells of a sandbox besides: JSON of its own, by which containerd has the result of CNI's ADD. */
export async function sandboxInfo(
  socket: string,
  { id }: Sandbox,
): Promise<string | undefined> {
  const request: Field[] = [
    [1, id],
    [2, true],
  ];
  return mapOf(await call(socket, "PodSandboxStatus", request), 2).get("info");
}

async function call(
  socket: string,
  method: string,
  request: readonly Field[],
): Promise<Decoded> {
  const path = `/runtime.v1.RuntimeService/${method}`;
  return decodeFields(await callGrpc(socket, path, encodeFields(request)));
}
