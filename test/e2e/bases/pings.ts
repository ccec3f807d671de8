import { execFile } from "node:child_process";
import type { Place } from "../../support/namespace.ts";

/** One ping: from where, to which address. */
export interface Ping {
  readonly from: Place;
  readonly to: string;
}

/** Sends all of them at once, two each; which were answered, within 10 s. One shell, since starting a program is slow in a guest kernel. */
export function pingAll(pings: readonly Ping[]): Promise<boolean[]> {
  const lines = pings.map(
    ({ from, to }, index) =>
      `nsenter --net=/run/netns/${from.name} ping -n -q -c 2 -i 3 -W 10 ${to} >/dev/null && echo ${index} &`,
  );
  const script = [...lines, "wait"].join("\n");
  return new Promise((resolve, reject) => {
    execFile("sh", ["-c", script], (error, stdout) => {
      if (error !== null) {
        reject(new Error(`Cannot ping: ${error.message}`));
        return;
      }
      const answered = new Set(stdout.split("\n"));
      resolve(pings.map((_, index) => answered.has(`${index}`)));
    });
  });
}
