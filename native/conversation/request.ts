import type { NetlinkError } from "../error.ts";
import type { Message } from "../message.ts";

/** One request to the kernel. */
export interface Request {
  /** The kernel's name of the type, for errors: `XFRM_MSG_NEWSA`. */
  readonly operation: string;
  /** What it is for, in words: "add SA 0x00001001 to 10.0.0.2". Called only to make an error's text. */
  readonly action?: (() => string) | undefined;
  readonly type: number;
  /** Added to what the method sets itself. */
  readonly flags?: number;
  readonly body: Uint8Array;
}

/** What came back for one request of an exchange. */
export interface Answer {
  readonly replies: readonly Message[];
  readonly error?: NetlinkError;
}
