import { isDeepStrictEqual } from "node:util";
import { troublesTold } from "../troubles.ts";
import type { ClusterObject } from "../kinds.ts";
import { namedIn } from "./revoke.ts";
import {
  obtain,
  type Obtaining,
  type CertificateStanding,
  type WantedCertificate,
} from "./obtain.ts";

/** Keeps this node's certificate. */
export interface CertificateKept {
  /** Is told of the Clusters whenever they change. */
  readonly look: (clusters: readonly ClusterObject[]) => void;
  /** What the certificate waits for; undefined where it waits for nothing. */
  readonly waitsFor: () => string | undefined;
  readonly stop: () => void;
}

/** The pauses before an answer is looked for again, each twice the one before; milliseconds. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** Where nothing is to come by itself, and while all is well: files may have gone. */
const QUIET_MS = 60_000;

interface State {
  wanted: WantedCertificate | undefined;
  waitsFor: string | undefined;
  pauseMs: number;
  stopped: boolean;
  busy: boolean;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Has this node prove itself by a certificate of its own cluster's authority from now on, where its Cluster has one that its publisher
 * signs by. One by an admin's own (`spec.ca`) is the admin's to bring.
 */
export function keepCertificate(obtaining: Obtaining): CertificateKept {
  const state: State = {
    ...{ wanted: undefined, waitsFor: undefined, timer: undefined },
    ...{ pauseMs: FIRST_PAUSE_MS, stopped: false, busy: false },
  };
  const tell = troublesTold(obtaining.log, "");
  const turn = async (): Promise<void> => {
    const { wanted } = state;
    if (wanted === undefined || state.busy) return;
    state.busy = true;
    const standing = await obtain(obtaining, wanted).catch(failure);
    state.busy = false;
    // What was asked for meanwhile is another's.
    const isMeant = state.wanted === wanted;
    state.waitsFor = isMeant ? sentenceOf(standing) : undefined;
    const trouble = standing.is === "refused" ? standing.sentence : undefined;
    tell(new Map(trouble === undefined ? [] : [["", trouble]]));
    again(isMeant ? pauseAfter(standing, obtaining, state) : 0);
  };
  const again = (milliseconds: number): void => {
    clearTimeout(state.timer);
    if (!state.stopped)
      state.timer = setTimeout(() => void turn(), milliseconds);
  };
  return {
    look: (clusters) => {
      const wanted = wantedIn(clusters, obtaining.node);
      if (isDeepStrictEqual(wanted, state.wanted)) return;
      Object.assign(state, { wanted, pauseMs: FIRST_PAUSE_MS });
      if (wanted === undefined) state.waitsFor = undefined;
      again(0);
    },
    waitsFor: () => state.waitsFor,
    stop: () => {
      state.stopped = true;
      clearTimeout(state.timer);
    },
  };
}

/** What the API server refuses, or the kernel, may be mended by whoever reads of it. */
function failure(error: unknown): CertificateStanding {
  const fact = error instanceof Error ? error.message : String(error);
  const sentence = `Cannot get this node's certificate: ${fact}`;
  return { is: "refused", sentence };
}

function sentenceOf(standing: CertificateStanding): string | undefined {
  return standing.is === "held" ? undefined : standing.sentence;
}

function pauseAfter(
  standing: CertificateStanding,
  { clock = Date.now }: Obtaining,
  state: State,
): number {
  if (standing.is === "held") {
    state.pauseMs = FIRST_PAUSE_MS;
    return Math.min(Math.max(standing.renewsAt - clock(), 1_000), QUIET_MS);
  }
  const pause = state.pauseMs * (1 + Math.random() / 2);
  state.pauseMs = Math.min(state.pauseMs * 2, LONGEST_PAUSE_MS);
  return pause;
}

/** What an admin says goes before what was discovered: then nobody is asked. */
function wantedIn(
  clusters: readonly ClusterObject[],
  node: string,
): WantedCertificate | undefined {
  const own = clusters.find(({ spec }) => spec.local === true);
  const { ca, crl } = own?.status.discovered ?? {};
  const isSigned =
    own?.spec["keying"] === "ike" && own.spec["ca"] === undefined;
  return isSigned && typeof ca === "string"
    ? {
        ...{ cluster: own.metadata.name, ca },
        ...(typeof crl === "string" ? { crl } : {}),
        ...(namedIn(own).has(node) ? { isRefused: true } : {}),
      }
    : undefined;
}
