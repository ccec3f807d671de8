import { toCniError } from "../../cni/translate.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { withSession } from "../kernel/session.ts";
import type { LinkedNode } from "../node/linked.ts";
import { type Hearing, hearingAfter, trafficOf } from "./hearing.ts";
import type { Observer } from "./telemetry/observer.ts";

/** How a gateway is; undefined for a node that is none. */
export type PulseOf = () =>
  { readonly node: string; readonly trouble: string | undefined } | undefined;

/** All SAs are read for it: not more often than that, and in no more than a hundredth of the time. Milliseconds. */
const LISTEN_MS = 5_000;
const LISTEN_SHARE = 0.01;

/**
 * Follows how this node is, as its agent sees it: whether it could be made what its files say, and whether who is far is heard.
 *
 * @returns an observer that tells the given one all that it is told
 */
export function followPulse(
  kernel: Kernel,
  observer: Observer,
): { readonly observer: Observer; readonly pulse: PulseOf } {
  let latest: LinkedNode | undefined;
  let known: LinkedNode | undefined;
  let trouble: string | undefined;
  const isDeaf = listening(kernel);
  return {
    observer: {
      ...observer,
      know: (node) => {
        latest = node;
        observer.know(node);
      },
      reconciling: (look) =>
        observer.reconciling(() => {
          try {
            look();
            [known, trouble] = [latest, undefined];
          } catch (error) {
            // A gateway whose files are wrong is a gateway still.
            known = latest ?? known;
            trouble = toCniError(error, "look after this node").message;
            throw error;
          }
        }),
    },
    pulse: () => {
      if (known === undefined || !isGateway(known)) return undefined;
      const deaf = isDeaf(known) ? DEAF : undefined;
      return { node: known.self.node.name, trouble: trouble ?? deaf };
    },
  };
}

const DEAF = "it sends to other clusters, and hears none of them";

function isGateway({ self: { node, source } }: LinkedNode): boolean {
  return source.cluster.mode === "gateway" && node.gateway;
}

/** Listens now and then. A gateway that is not in use has no tunnel with who is far, and is not deaf for that. */
function listening(kernel: Kernel): (node: LinkedNode) => boolean {
  let hearing: Hearing | undefined;
  let listenAt = -Infinity;
  return ({ self, mesh }) => {
    const began = performance.now();
    if (began >= listenAt) {
      const own = self.source.cluster.name;
      const far = mesh.peers.filter(({ cluster }) => cluster !== own);
      const associations =
        far.length === 0
          ? []
          : withSession(kernel, ({ xfrm }) => xfrm.associations());
      hearing = hearingAfter(hearing, trafficOf(far, associations), began);
      const took = performance.now() - began;
      listenAt = began + Math.max(LISTEN_MS, took / LISTEN_SHARE);
    }
    return hearing !== undefined && began < hearing.deafUntil;
  };
}
