import { type MissingAlgorithm, NetlinkError } from "../../native/index.ts";
import type { Session } from "../kernel/session.ts";
import type { DeviceNames } from "./device-names.ts";

/** Is told how each step went, in their order; throws where that may not be. */
type Tell<Step> = (step: Step, error: NetlinkError | undefined) => void;

/** How the steps of one kind of object are said and taken. */
export interface Handling<Step> {
  /** The object in an admin's words, without any key. */
  readonly words: (step: Step, names?: DeviceNames) => string;
  /** Takes steps of one verb, in one conversation where the kernel has one for many. */
  readonly take: (
    session: Session,
    steps: readonly Step[],
    tell: Tell<Step>,
  ) => void;
  /** The feature that the kernel lacks, where that is what its refusal means. */
  readonly lacks?: (error: NetlinkError) => MissingAlgorithm | undefined;
}

/** Takes steps one by one. */
export function oneByOne<Step>(
  take: (session: Session, step: Step) => void,
): Handling<Step>["take"] {
  return (session, steps, tell) => {
    for (const step of steps)
      tell(
        step,
        refusalOf(() => {
          take(session, step);
        }),
      );
  };
}

function refusalOf(take: () => void): NetlinkError | undefined {
  try {
    take();
    return undefined;
  } catch (error) {
    if (error instanceof NetlinkError) return error;
    throw error;
  }
}

/** Whether the kernel says that the object is not there. */
export function isGone(error: NetlinkError | undefined): boolean {
  return (
    error !== undefined && ["ENOENT", "ESRCH", "ENODEV"].includes(error.code)
  );
}
