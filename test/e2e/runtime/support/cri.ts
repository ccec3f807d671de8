import { callGrpc } from "../../../../plugin/runtime/grpc.ts";
import {
  type Decoded,
  decodeFields,
  encodeFields,
  type Field,
  mapOf,
  textOf,
} from "../../../../plugin/runtime/protobuf.ts";

/** What kubelet asks of a container runtime (cri-api, pkg/apis/runtime/v1/api.proto), as far as pods go. */
export interface Cri {
  /** RunPodSandbox; the sandbox's ID. */
  runPod(name: string): Promise<string>;
  /** StopPodSandbox, which runs the chain's DEL. */
  stopPod(id: string): Promise<void>;
  /** RemovePodSandbox. */
  removePod(id: string): Promise<void>;
  /** ListPodSandbox; the IDs. */
  pods(): Promise<string[]>;
  podStatus(id: string): Promise<PodStatus>;
  status(): Promise<RuntimeStatus>;
}

/** A sandbox as PodSandboxStatus tells it. */
export interface PodStatus {
  /** The pod's first address, as kubelet would publish it. */
  readonly address: string;
  /** The sandbox's process, numbered as the runtime's host numbers it. */
  readonly pid: number;
}

/** A runtime as Status tells it. */
export interface RuntimeStatus {
  /** By type, such as NetworkReady: undefined when it holds, else why it doesn't. */
  readonly unmet: ReadonlyMap<string, string | undefined>;
  /** The CNI configuration that it uses at the moment, in its own JSON. */
  readonly cniConfiguration: string;
}

/** A client of the CRI that a runtime serves on a Unix socket. */
export function criClient(socket: string, group: string): Cri {
  const call = async (method: string, request: readonly Field[]) => {
    const path = `/runtime.v1.RuntimeService/${method}`;
    return decodeFields(await callGrpc(socket, path, encodeFields(request)));
  };
  return {
    runPod: async (name) =>
      textOf(await call("RunPodSandbox", [[1, podConfig(name, group)]]), 1),
    stopPod: async (id) => {
      await call("StopPodSandbox", [[1, id]]);
    },
    removePod: async (id) => {
      await call("RemovePodSandbox", [[1, id]]);
    },
    pods: async () =>
      ((await call("ListPodSandbox", [])).get(1) ?? []).map((pod) =>
        textOf(decodeFields(pod), 1),
      ),
    podStatus: async (id) =>
      podStatus(await call("PodSandboxStatus", [verbose(2), [1, id]])),
    status: async () => runtimeStatus(await call("Status", [verbose(1)])),
  };
}

/** PodSandboxConfig: metadata (name, uid, namespace), hostname, labels as kubelet sets them, the control group it is in. */
function podConfig(name: string, group: string): readonly Field[] {
  const label = (key: string, value: string): Field => [
    6,
    [
      [1, key],
      [2, value],
    ],
  ];
  return [
    [
      1,
      [
        [1, name],
        [2, `uid-of-${name}`],
        [3, "default"],
      ],
    ],
    [2, name],
    label("io.kubernetes.pod.name", name),
    label("io.kubernetes.pod.namespace", "default"),
    [8, [[1, group]]],
  ];
}

function verbose(number: number): Field {
  return [number, true];
}

function podStatus(response: Decoded): PodStatus {
  const network = within(within(response, 1), 5);
  const { pid } = JSON.parse(mapOf(response, 2).get("info") ?? "{}") as {
    pid?: number;
  };
  return { address: textOf(network, 1), pid: pid ?? 0 };
}

/** A condition's status is a number that is left out when false, so what it says besides tells. */
function runtimeStatus(response: Decoded): RuntimeStatus {
  const conditions = (within(response, 1).get(1) ?? []).map(decodeFields);
  const unmet = conditions.map((condition) => {
    const why = `${textOf(condition, 3)} ${textOf(condition, 4)}`.trim();
    return [textOf(condition, 1), why || undefined] as const;
  });
  const cniConfiguration = mapOf(response, 2).get("cniconfig") ?? "";
  return { unmet: new Map(unmet), cniConfiguration };
}

function within(fields: Decoded, number: number): Decoded {
  return decodeFields(fields.get(number)?.[0] ?? new Uint8Array());
}
