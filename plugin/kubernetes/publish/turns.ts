/** Changes are gathered for so long; milliseconds. */
const GATHER_MS = 200;

/** Without a change there is a turn after so long: for what depends on time, such as tokens; milliseconds. */
const LOOK_MS = 30_000;

/** After an error; milliseconds. */
const AGAIN_MS = 2_000;

/** Work that is done again whenever something changes, never twice at the same time. */
export interface Turns {
  /** Asks for a turn. */
  readonly soon: () => void;
  readonly stop: () => void;
}

/** @param tell called after each turn, with its error where there was one */
export function inTurns(
  work: () => Promise<void>,
  tell: (error: unknown) => void,
): Turns {
  const state = { busy: false, again: false, stopped: false };
  let timer: NodeJS.Timeout | undefined;
  let due = Infinity;
  const within = (milliseconds: number): void => {
    const then = Date.now() + milliseconds;
    if (state.stopped || then >= due) return;
    clearTimeout(timer);
    due = then;
    timer = setTimeout(() => void turn(), milliseconds);
  };
  const turn = async (): Promise<void> => {
    due = Infinity;
    Object.assign(state, { busy: true, again: false });
    const error = await work().then(
      () => undefined,
      (thrown: unknown) => thrown ?? new Error("unknown"),
    );
    tell(error);
    state.busy = false;
    if (error !== undefined) within(AGAIN_MS);
    else within(state.again ? GATHER_MS : LOOK_MS);
  };
  return {
    soon: () => {
      if (state.busy) state.again = true;
      else within(GATHER_MS);
    },
    stop: () => {
      state.stopped = true;
      clearTimeout(timer);
    },
  };
}
