import type { Decision, Memory } from "../../../plugin/fence/decide.ts";
import type { KernelModel } from "../kernel-model.ts";
import type { DesiredMesh } from "../../../plugin/mesh/state.ts";

/** `broken`: what it says can still be made out; `empty`: nothing can; `plain`: it is to be reached in clear text. */
export type FileState = "good" | "broken" | "empty" | "plain" | "gone";

/** The own cluster's file, and those of two others. */
export type Files = Readonly<Record<"a" | "b" | "c", FileState>>;

/** What a look finds: lookAround() of plugin/node, by files that are names and states. */
export interface Seen {
  readonly memory: Memory;
  readonly decision: Decision;
  /** Undefined where there is trouble, and where the node is linked to nothing. */
  readonly mesh: DesiredMesh | undefined;
  readonly isTrouble: boolean;
}

export type Id = 0 | 1;

/** A node at one moment. Nothing of it is ever changed: a step gives another one. */
export interface World {
  readonly files: Files;
  /** The kernel's policies and SAs, by their identity. */
  readonly kernel: KernelModel;
  /** The CIDRs that the fence's table names. */
  readonly rules: readonly string[];
  /** What is remembered of the fence, beyond a reboot. */
  readonly memory: Memory;
  readonly lock: Id | undefined;
  /** What each of the two runs has yet to do, the next action first. */
  readonly runs: readonly [readonly Action[], readonly Action[]];
  /** What both layers have closed, and must keep closed. */
  readonly fenced: readonly string[];
  /** What was remembered at any time. */
  readonly noted: readonly string[];
  /** Whether they were raised since the kernel started. */
  readonly isRaised: boolean;
  /** What a run did that none may do, whatever comes of it. */
  readonly wrong?: string;
  /** How often each thing may still happen. */
  readonly left: Readonly<Record<Happening, number>>;
}

export type Happening = "start" | "kill" | "file" | "reboot";

/** What is done in one go: nobody sees half of it, and whoever dies does so before or after. */
export interface Action {
  /** Tells it from others, with all that it knows. */
  readonly key: string;
  /** What the node is then, and what is done next, ahead of the rest; undefined where it has to wait. */
  readonly take: (world: World, id: Id) => Taken | undefined;
}

export interface Taken {
  readonly world: World;
  readonly next?: readonly Action[];
  /** Whether it fails, which ends the run: the lock goes back, and nothing else is done. */
  readonly fails?: boolean;
}
