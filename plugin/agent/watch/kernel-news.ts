import { NETLINK_XFRM } from "../../../native/index.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { type Effect, worst } from "./effect.ts";
import { netlinkSource, type ChangeSource, type Topic } from "./source.ts";

/** All that the kernel tells, and what of it others did. */
export interface KernelNews {
  readonly sources: readonly ChangeSource[];
  /** Reads all that is queued. */
  readonly drain: () => Effect;
  /** Whether anything but "nothing" was told since it was asked last; the first time, yes. */
  readonly wasTouched: () => boolean;
  /**
   * Reads what xfrm tells, and passes over what was done by a conversation of ours.
   *
   * @returns what others did meanwhile; it is told by the next `drain` as well
   */
  readonly passOver: (mark: number) => Effect;
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
    passOver: (mark) => {
      left = worst([left, ...xfrm.map(({ drain }) => drain(mark))]);
      return left;
    },
  };
}
