import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { type BinaryCall, type Ended, given, parseAnswer } from "./call.ts";
import type { Failure } from "./failing.ts";
import type { FaultSite } from "./site.ts";

/** A call, as a line of JSON. */
export interface Asked {
  readonly words: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** Base64. */
  readonly stdin: string;
  readonly failure?: Failure | undefined;
}

/** An answer, as a line of JSON. */
export interface Told extends Pick<Ended, "stdout" | "stderr"> {
  readonly exitCode: number;
  /** The addon's functions that were called, in order. */
  readonly systemCalls: readonly string[];
}

/** How a resident's call ended. */
export type ResidentEnded = Told & Pick<Ended, "answer">;

/** A process on the node that serves one call after the other, by the same handlers as the binary. */
export interface Resident extends Disposable {
  readonly call: (call: ResidentCall) => Promise<ResidentEnded>;
}

/** A call, and what of it is to fail. */
export type ResidentCall = Omit<BinaryCall, "through" | "watched"> & {
  readonly failure?: Failure;
};

/** Starts a resident on the site's node. */
export function openResident(site: FaultSite): Resident {
  const [nsenter, ...where] = site.inside;
  const program = new URL("resident-process.ts", import.meta.url);
  const child = spawn(
    nsenter!,
    [...where, process.execPath, program.pathname],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  const waiting: PromiseWithResolvers<ResidentEnded>[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    const told = JSON.parse(line) as Told;
    waiting.shift()!.resolve({ ...told, answer: parseAnswer(told.stdout) });
  });
  child.once("close", (code, signal) => {
    for (const { reject } of waiting)
      reject(new Error(`The resident ended: ${String(code ?? signal)}`));
  });
  return {
    call: (call) => {
      const answer = Promise.withResolvers<ResidentEnded>();
      waiting.push(answer);
      const { words, stdin, environment } = given(site, call);
      const asked: Asked = {
        words,
        environment,
        stdin: stdin.toString("base64"),
        failure: call.failure,
      };
      child.stdin.write(`${JSON.stringify(asked)}\n`);
      return answer.promise;
    },
    [Symbol.dispose]: () => {
      child.kill("SIGKILL");
    },
  };
}
