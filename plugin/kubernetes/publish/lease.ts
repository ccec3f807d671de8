import { isObject } from "../../../cni/configuration.ts";
import type { Log } from "../../kernel/log.ts";
import type { Access } from "../api/access.ts";
import { isStatus } from "../api/error.ts";
import { microTime } from "../api/micro-time.ts";
import { ask } from "../api/request.ts";
import { SYSTEM } from "../names.ts";
import { troublesTold } from "../troubles.ts";

/** client-go's leader election, and Kubernetes' own components': seconds. */
const DURATION_S = 15;
const DEADLINE_MS = 10_000;
const RETRY_MS = 2_000;

const NAME = "crosslink-publisher";
const FOLDER = `/apis/coordination.k8s.io/v1/namespaces/${SYSTEM}/leases`;

/** Who holds the lease. */
export interface Leadership {
  /** Whether this process may write now. */
  readonly held: () => boolean;
  readonly stop: () => void;
}

/**
 * Tries for the publisher's Lease from now on. Whoever could not renew it for 10 s no longer has it, 5 s before another may take
 * it; a Lease is judged by how long it has not changed here, not by the other's clock.
 *
 * @param identity distinguishes this process
 * @param onChange called when it begins or ends to hold
 */
export function holdLease(
  { access, log }: { readonly access: Access; readonly log: Log },
  identity: string,
  onChange: () => void,
): Leadership {
  const state: State = {
    renewedAt: -Infinity,
    seen: "",
    seenAt: 0,
    held: false,
  };
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const say = troublesTold(log, "");
  const held = (): boolean => performance.now() - state.renewedAt < DEADLINE_MS;
  const turn = async (): Promise<void> => {
    try {
      if (await tryOnce(access, identity, state))
        state.renewedAt = performance.now();
      else state.renewedAt = -Infinity;
      say(new Map());
    } catch (error) {
      // No answer is not a loss yet: the deadline says when it is.
      say(new Map([["", error instanceof Error ? error.message : ""]]));
    }
    if (held() !== state.held && !stopped) {
      state.held = held();
      log("info", state.held ? HOLDS : WAITS);
      onChange();
    }
    if (!stopped) timer = setTimeout(() => void turn(), RETRY_MS);
  };
  void turn();
  return {
    held,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

const HOLDS = "this publisher holds the Lease: it writes";
const WAITS = "this publisher holds the Lease no longer: it waits";

interface State {
  renewedAt: number;
  /** The Lease's version, and since when it is that. */
  seen: string;
  seenAt: number;
  held: boolean;
}

/** Whether the Lease is this process' now. */
async function tryOnce(
  access: Access,
  identity: string,
  state: State,
): Promise<boolean> {
  const lease = await read(access);
  if (lease === undefined) return write(access, identity, undefined);
  const metadata = isObject(lease["metadata"]) ? lease["metadata"] : {};
  const spec = isObject(lease["spec"]) ? lease["spec"] : {};
  const version = String(metadata["resourceVersion"]);
  if (version !== state.seen) {
    state.seen = version;
    state.seenAt = performance.now();
  }
  const holder = spec["holderIdentity"];
  const isOver = performance.now() - state.seenAt > DURATION_S * 1000;
  if (holder !== identity && holder !== "" && !isOver) return false;
  return write(access, identity, version);
}

async function read(
  access: Access,
): Promise<Record<string, unknown> | undefined> {
  try {
    const lease = await ask(access, {
      path: `${FOLDER}/${NAME}`,
      patienceMs: DEADLINE_MS / 2,
    });
    return isObject(lease) ? lease : undefined;
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}

/** False where another was faster. */
async function write(
  access: Access,
  identity: string,
  resourceVersion: string | undefined,
): Promise<boolean> {
  const isNew = resourceVersion === undefined;
  const now = microTime(Date.now());
  try {
    await ask(access, {
      method: isNew ? "POST" : "PUT",
      path: isNew ? FOLDER : `${FOLDER}/${NAME}`,
      patienceMs: DEADLINE_MS / 2,
      body: {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { name: NAME, ...(isNew ? {} : { resourceVersion }) },
        spec: {
          holderIdentity: identity,
          leaseDurationSeconds: DURATION_S,
          acquireTime: now,
          renewTime: now,
        },
      },
    });
    return true;
  } catch (error) {
    if (isStatus(error, 409)) return false;
    throw error;
  }
}
