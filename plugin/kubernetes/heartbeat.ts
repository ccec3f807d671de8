import type { Log } from "../kernel/log.ts";
import type { Access } from "./api/access.ts";
import { isStatus } from "./api/error.ts";
import { microTime } from "./api/micro-time.ts";
import { ask } from "./api/request.ts";
import { PATHS, TROUBLE } from "./names.ts";
import { troublesTold } from "./troubles.ts";

/** How often; milliseconds. Each is a write to the API server, so that nodes that are no gateways have none. */
const BEAT_MS = 2_000;

/** An answer that takes longer is waited for no more; milliseconds. */
const PATIENCE_MS = 5_000;

/** What a gateway's agent says of its node. */
export interface Pulse {
  readonly node: string;
  /** What is wrong; undefined where all is well. */
  readonly trouble: string | undefined;
}

/** What it beats with. */
export interface Beating {
  readonly access: Access;
  readonly log: Log;
  /** Asked before each beat; undefined where the node is no gateway. */
  readonly pulse: () => Pulse | undefined;
  readonly beatMs?: number;
}

/**
 * Renews this node's Lease from now on, while it is a gateway: the publisher decides by it which one is in use.
 *
 * @returns what stops it
 */
export function beat(beating: Beating): () => void {
  const { log, beatMs = BEAT_MS } = beating;
  const tell = troublesTold(log, "");
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const turn = async (): Promise<void> => {
    const began = performance.now();
    const trouble = await once(beating).then(ended, failed);
    tell(new Map(trouble === undefined ? [] : [["", trouble]]));
    const left = beatMs - (performance.now() - began);
    if (!stopped) timer = setTimeout(() => void turn(), Math.max(0, left));
  };
  void turn();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

function ended(): undefined {
  return undefined;
}

function failed(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Rejects with ApiError, and with what the kernel says. */
async function once({ access, pulse }: Beating): Promise<void> {
  const now = pulse();
  if (now !== undefined) await renew(access, now);
}

async function renew(access: Access, pulse: Pulse): Promise<void> {
  const path = `${PATHS.heartbeats}/${pulse.node}`;
  const patienceMs = PATIENCE_MS;
  try {
    // A merge patch takes away what is null.
    const body = leaseOf(pulse, { [TROUBLE]: null });
    await ask(access, { method: "PATCH", path, body, patienceMs });
  } catch (error) {
    if (!isStatus(error, 404)) throw error;
    const made = { method: "POST", path: PATHS.heartbeats } as const;
    await ask(access, { ...made, body: leaseOf(pulse, {}), patienceMs });
  }
}

function leaseOf({ node, trouble }: Pulse, without: object): object {
  const annotations =
    trouble === undefined ? without : { [TROUBLE]: trouble.slice(0, 512) };
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: node, annotations },
    spec: {
      holderIdentity: node,
      // For readers: the publisher goes by what it hears itself.
      leaseDurationSeconds: 10,
      renewTime: microTime(Date.now()),
    },
  };
}
