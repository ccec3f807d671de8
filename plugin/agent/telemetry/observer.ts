import { basename } from "node:path";
import { toCniError } from "../../../cni/translate.ts";
import type { Bypass } from "../../bypass/bypass.ts";
import type { Onlooker } from "../../node/converge.ts";
import { type FullPlan, stepsOf } from "../../node/full-plan.ts";
import type { CallAnswer, CallFrame, Left } from "../call/frame.ts";
import type { IkeState } from "../../ike/state.ts";
import type { Log } from "../../kernel/log.ts";
import type { Afterwards } from "../call/afterwards.ts";
import { bypassNews } from "./bypass-news.ts";

/** Watches the agent at work: one log line a decision, and counts. */
export interface Observer extends Onlooker {
  /** Runs one call. */
  readonly serving: (
    call: CallFrame,
    serve: () => CallAnswer | Left,
  ) => CallAnswer | Left;
  /** Runs one look at the node. Returns whether it succeeded; why not is logged. */
  readonly reconciling: (look: () => void) => boolean;
  /** Is told what is known of tunnels by IKE, whenever that was looked at. */
  readonly ike: (state: IkeState) => void;
  /** Runs one look for bypasses. Returns whether it succeeded. */
  readonly suspecting: (look: () => readonly Bypass[]) => boolean;
}

/** What counts. */
export interface Counters {
  readonly call: (call: {
    readonly program: string;
    readonly command: string;
    /** Of the error object; 0 where all went well. */
    readonly code: number;
    readonly seconds: number;
  }) => void;
  readonly look: (look: {
    readonly succeeded: boolean;
    readonly seconds: number;
  }) => void;
  /** One step of a repair: the kind of thing that was not as it should be. */
  readonly repair: (kind: string) => void;
  readonly know: Onlooker["know"];
  /** All that the last look for them found. */
  readonly bypasses: (found: readonly Bypass[]) => void;
  /** What is known of tunnels by IKE. */
  readonly ike: (state: IkeState) => void;
}

/** What an observer needs. */
export interface Notebook {
  readonly log: Log;
  readonly meter: Counters;
  /** For calls: whoever made one does not wait until it is noted. */
  readonly later: Afterwards;
}

/** An observer that logs, and counts. */
export function observe(notebook: Notebook): Observer {
  const { log, meter, later } = notebook;
  let lastTrouble: string | undefined;
  return {
    serving: (call, serve) => {
      const started = performance.now();
      const answer = serve();
      if ("left" in answer) return answer;
      const seconds = (performance.now() - started) / 1000;
      later(() => {
        tellCall({ call, answer, seconds }, notebook);
      });
      return answer;
    },
    reconciling: (look) => {
      const started = performance.now();
      const trouble = troubleOf(look);
      const seconds = (performance.now() - started) / 1000;
      meter.look({ succeeded: trouble === undefined, seconds });
      if (trouble === undefined && lastTrouble !== undefined)
        log("info", "the node is what its files say again");
      if (trouble !== undefined && trouble.text !== lastTrouble)
        log("error", trouble.message, { details: trouble.details });
      lastTrouble = trouble?.text;
      return trouble === undefined;
    },
    know: meter.know,
    ike: meter.ike,
    suspecting: bypassNews(log, meter.bypasses),
    repaired: (plan) => {
      for (const kind of repairKinds(plan)) meter.repair(kind);
    },
  };
}

function tellCall(
  {
    call,
    answer,
    seconds,
  }: {
    readonly call: CallFrame;
    readonly answer: CallAnswer;
    readonly seconds: number;
  },
  { log, meter }: Notebook,
): void {
  const { CNI_COMMAND = "", CNI_CONTAINERID, CNI_IFNAME } = call.environment;
  const program = basename(call.program);
  const { code, msg: error } = errorOf(answer);
  meter.call({ program, command: CNI_COMMAND, code, seconds });
  log(code === 0 ? "info" : "warn", `${program} ${CNI_COMMAND}`, {
    containerID: CNI_CONTAINERID,
    ifname: CNI_IFNAME,
    code,
    error,
    milliseconds: Math.round(seconds * 1e6) / 1000,
  });
}

/** The error object that a call answered (SPEC.md 1.1.0 §5 "Error"). */
function errorOf({ exitCode, stdout }: CallAnswer): {
  readonly code: number;
  readonly msg?: string;
} {
  if (exitCode === 0) return { code: 0 };
  return JSON.parse(stdout) as { code: number; msg: string };
}

interface Trouble {
  readonly message: string;
  readonly details: string;
  /** Both, to tell one trouble from the next. */
  readonly text: string;
}

function troubleOf(look: () => void): Trouble | undefined {
  try {
    look();
    return undefined;
  } catch (error) {
    const { message, details } = toCniError(error, "look after this node");
    return { message, details, text: `${message} ${details}` };
  }
}

/** One word a step: "policy", "association", "route", "sysctl" … or "nft" and "legacy" for netfilter's. */
function repairKinds(plan: FullPlan): string[] {
  return Array.from(stepsOf(plan), ({ object }) => object);
}
