/** A command that the host wants to be run in the guest, a JSON value a line. */
export interface Wish {
  readonly id: number;
  readonly command: readonly string[];
  /** What its standard input holds. */
  readonly input?: string;
}

/** How it went. */
export interface Ran {
  readonly id: number;
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}
