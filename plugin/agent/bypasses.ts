import { NETLINK_ROUTE, NETLINK_XFRM } from "../../native/index.ts";
import type { Bypass } from "../bypass/bypass.ts";
import { lookForBypasses } from "../bypass/observe.ts";
import { programVerdicts } from "../bypass/program-verdict.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { withSession } from "../kernel/session.ts";
import type { DesiredMesh } from "../mesh/state.ts";
import type { Pace } from "./pace.ts";
import { schedule } from "./schedule.ts";
import {
  judgeFilter,
  judgePolicy,
  POLICY_GROUPS,
  TRAFFIC_CONTROL_GROUPS,
} from "./watch/bypass.ts";
import { netlinkSource } from "./watch/source.ts";
import { worst } from "./watch/effect.ts";

/** Slower than repairs: nothing can be done about a bypass but to tell of it. Milliseconds. */
const PACE: Pace = {
  settle: 500,
  rest: 5_000,
  share: 0.02,
  burst: 1_000,
  following: 0.02,
  retry: 30_000,
  sweep: 30_000,
  calm: 0.01,
  sweepMost: 300_000,
};

/** What the agent's look for bypasses needs. */
export interface BypassWatch {
  readonly kernel: Kernel;
  /** What the node should be, as far as it is known by now. */
  readonly mesh: () => DesiredMesh | undefined;
  /** Runs a look, and tells what it found; returns whether it succeeded. */
  readonly suspecting: (look: () => readonly Bypass[]) => boolean;
}

/**
 * Looks for ways past what crosslink sets up: soon after policies or tc filters changed, and now and then for what the kernel does not
 * tell of. No call waits for a look, unless it comes in the midst of one.
 *
 * @returns what ends it
 * @throws NetlinkError
 */
export function watchBypasses({
  kernel,
  mesh,
  suspecting,
}: BypassWatch): () => void {
  const redirects = programVerdicts(kernel.binding);
  const looking = schedule(
    () =>
      suspecting(() =>
        withSession(kernel, (session) =>
          lookForBypasses(session, mesh(), redirects),
        ),
      ),
    PACE,
  );
  const sources = [
    { protocol: NETLINK_XFRM, groups: POLICY_GROUPS, judge: judgePolicy },
    {
      protocol: NETLINK_ROUTE,
      groups: TRAFFIC_CONTROL_GROUPS,
      judge: judgeFilter,
    },
  ].map((topic) => netlinkSource(kernel, topic));
  const unwatch = sources.map(({ drain, watch }) =>
    watch(() => {
      if (worst([drain()]) !== "nothing") looking.request();
    }),
  );
  looking.request();
  return () => {
    for (const stop of unwatch) stop();
    for (const { close } of sources) close();
    looking.stop();
  };
}
