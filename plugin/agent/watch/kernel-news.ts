import { NETLINK_XFRM } from "../../../native/index.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { type Effect, worst } from "./effect.ts";
import { netlinkSource, type Source, type Topic } from "./source.ts";

/** All that the kernel tells, and what of it others did. */
export interface KernelNews {
  readonly sources: readonly Source[];
  /** Reads all that is queued. */
  readonly drain: () => Effect;
  /** Whether anything but "nothing" was told since it was asked last; the first time, yes. */
  readonly wasTouched: () => boolean;
  /**
   * Reads what xfrm tells of what was done by a socket of ours that is still open, so that its port is nobody else's.
   *
   * @returns what others did meanwhile; it is told by the next `drain` as well
   */
  readonly passOver: (portId: number) => Effect;
}

/** Subscribes. Throws NetlinkError. */
export function kernelNews(
  kernel: Kernel,
  topics: readonly Topic[],
): KernelNews {
  const sources = topics.map((topic) => netlinkSource(kernel, topic));
  const xfrm = sources.filter(
    (_, index) => topics[index]?.protocol === NETLINK_XFRM,
  );
  let isTouched = true;
  let left: Effect = "nothing";
  return {
    sources,
    drain: () => {
      const effect = worst([left, ...sources.map(({ drain }) => drain())]);
      left = "nothing";
      if (effect !== "nothing") isTouched = true;
      return effect;
    },
    wasTouched: () => {
      const was = isTouched;
      isTouched = false;
      return was;
    },
    passOver: (portId) => {
      left = worst([left, ...xfrm.map(({ drain }) => drain(portId))]);
      return left;
    },
  };
}
