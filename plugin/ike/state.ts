import { renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { isErrno } from "../../files/errno.ts";
import { makeFolder } from "../../files/folder.ts";
import { readSmallFile } from "../../files/read.ts";

/** What the agent says of its tunnels by IKE. */
export interface IkeState {
  /** What keeps charon from serving all of them; null where it serves. */
  readonly trouble: string | null;
  /** Until when this node's certificate holds, in seconds since 1970; null where it shows none. */
  readonly certificateUntil: number | null;
  readonly tunnels: readonly IkeTunnelState[];
  /** At which addresses peers that initiate have appeared, by identity. */
  readonly whereabouts: Readonly<Record<string, string>>;
}

/** One tunnel. */
export interface IkeTunnelState {
  readonly cluster: string;
  readonly node: string;
  readonly endpoint: string;
  readonly localId: string;
  readonly remoteId: string;
  /** "up" has a pair of SAs, "connecting" is being negotiated, "waiting" comes up with the first packet. */
  readonly state: "up" | "connecting" | "waiting";
  readonly ikeAlgorithms: string | null;
  readonly espAlgorithms: string | null;
  readonly inUdp: boolean;
  readonly upSinceSeconds: number | null;
  readonly ikeRekeySeconds: number | null;
  readonly espRekeySeconds: number | null;
  /** The last thing that went wrong since it was last up. */
  readonly lastError: string | null;
  /** The same in one word: certificate, expired, refused, unproven, revoked, untrusted, kernel, algorithms, peer, silence, unknown, selectors or files. */
  readonly lastErrorCause: string | null;
  /** How long ago a packet of the peer came out of the tunnel; null where none did, or it is not up. */
  readonly heardSeconds: number | null;
}

/** The file with its time. */
export interface WrittenState extends IkeState {
  /** Seconds since 1970. */
  readonly writtenSeconds: number;
}

/** Writes the state in one step, for root alone. */
export function writeState(path: string, state: WrittenState): void {
  makeFolder(dirname(path), 0o700); // somebody may have cleared /run
  const next = `${path}.next`;
  writeFileSync(next, `${JSON.stringify(state)}\n`, { mode: 0o600 });
  renameSync(next, path);
}

/** Reads the state; undefined where no agent has written one that makes sense. Throws what reading throws. */
export function readState(path: string): WrittenState | undefined {
  try {
    const text = readSmallFile(path, { byteLimit: BYTE_LIMIT });
    return text === undefined ? undefined : (JSON.parse(text) as WrittenState);
  } catch (error) {
    if (isErrno(error, "ENOENT") || error instanceof SyntaxError)
      return undefined;
    throw error;
  }
}

/** Tens of thousands of tunnels take less. */
const BYTE_LIMIT = 64 * 1024 * 1024;
