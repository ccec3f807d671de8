import type { NetworkConfiguration } from "../../conf/network.ts";
import type { Log } from "../kernel/log.ts";
import { pictureOf } from "../kernel/picture.ts";
import type { Session } from "../kernel/session.ts";
import { convergeFrom } from "./converge-from.ts";
import { converge, type Manner } from "./converge.ts";
import type { LinkedNode } from "./linked.ts";
import type { Look } from "./look.ts";
import type { Place } from "./place.ts";
import { lastingReader } from "./reader.ts";
import { troublesOf } from "./troubles.ts";

/** Brings the node to what its files say, and returns what that is. */
export type EnsureNode = (
  session: Session,
  config: NetworkConfiguration,
  log: Log,
) => LinkedNode | undefined;

/** What a resident process knows of the time between its looks. */
export interface Meanwhile {
  /**
   * What the next look is to be at: "changed" is what files say otherwise, where nothing else can have changed since the last look
   * that went well; "changed behind the fence" the same, where something else has, and is looked at later.
   */
  readonly next: () => "whole" | "changed" | "changed behind the fence";
  /** Is told of each look that went well: whether it was at the changed alone. */
  readonly looked: (partly: boolean) => void;
}

const UNKNOWN: Meanwhile = {
  next: () => "whole",
  looked: () => undefined,
};

/** Reads the files, looks at the kernel, and converges: what a process of one call has to do. */
export function refreshNode(
  here: Omit<Place, "config" | "reader">,
  manner: Omit<Manner, "log"> = {},
  meanwhile: Meanwhile = UNKNOWN,
): EnsureNode {
  let told = new Set<string>();
  let obstacles: readonly string[] = [];
  let last: Look | undefined;
  const reader = lastingReader();
  // Who looks on stays, and says what it sees.
  const sinceChanged = manner.onlooker === undefined;
  return (session, config, log) => {
    const place = { config, ...here, reader };
    const picture = pictureOf(session);
    const how = { ...manner, log, picture };
    const next = meanwhile.next();
    const before = next === "whole" ? undefined : last;
    last = undefined;
    const raises = next === "changed behind the fence";
    const partly =
      before && convergeFrom(before, session, place, { ...how, raises });
    const look = partly ?? converge(session, place, how);
    last = look;
    meanwhile.looked(partly !== undefined);
    // What keeps packets from passing does not come with a peer: until all is looked at again, what was found last counts.
    if (partly === undefined)
      obstacles = troublesOf(picture, look.node, { sinceChanged });
    const troubles = [...look.ignored, ...obstacles];
    for (const trouble of troubles)
      if (!told.has(trouble)) log("warn", trouble);
    told = new Set(troubles);
    return look.node;
  };
}
