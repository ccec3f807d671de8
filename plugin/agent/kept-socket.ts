import { lstatSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder } from "../../files/folder.ts";
import type { Log } from "../kernel/log.ts";

/** A socket of the agent's, in a folder that somebody may clear away while it runs. */
export interface KeptSocket {
  readonly path: string;
  /** Listens anew where it is gone from its path. Throws nothing: the node is kept right whatever serves. */
  readonly keep: () => void;
  readonly stop: () => void;
}

/**
 * Listens, and is ready to do so again.
 *
 * @param listen makes the socket at the path, and returns what ends it
 * @throws what listening throws the first time
 */
export function keptSocket(
  path: string,
  listen: () => () => void,
  log: Log,
): KeptSocket {
  let stop = listen();
  const first = socketAt(path);
  let own = first;
  let lastTrouble = "";
  const listenAgain = (): void => {
    makeFolder(dirname(path), 0o700);
    stop();
    stop = () => undefined;
    stop = listen();
    own = socketAt(path);
  };
  return {
    path,
    keep: () => {
      // One that never was there has been spoken of.
      if (first === undefined || isThere(own, path)) return;
      try {
        listenAgain();
        log("warn", "listens anew: somebody took the socket away", {
          socket: path,
        });
        lastTrouble = "";
      } catch (error) {
        const trouble = String(error);
        if (trouble !== lastTrouble) log("error", trouble);
        lastTrouble = trouble;
      }
    },
    stop: () => {
      stop();
    },
  };
}

function isThere(own: string | undefined, path: string): boolean {
  return own !== undefined && socketAt(path) === own;
}

/** Which one is there. */
function socketAt(path: string): string | undefined {
  try {
    const found = lstatSync(path);
    return found.isSocket() ? `${found.dev} ${found.ino}` : undefined;
  } catch {
    return undefined;
  }
}
