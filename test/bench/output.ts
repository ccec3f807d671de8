/** What a script of the bench writes: lines for whoever waits, then one with its figures. In a guest all of it shares a console. */

const mark = "figures ";

/** Says on stderr what comes now. */
export function announce(step: string): void {
  console.error(`bench: ${step}`);
}

/** Prints figures, as one line of JSON after a mark, for the process that started this one. */
export function printFigures(figures: unknown): void {
  console.log(mark + JSON.stringify(figures));
}

/** Whether a line is for readers, and no figures. */
export function isProgress(line: string): boolean {
  return !line.startsWith(mark);
}

/** The figures among what a script wrote. Throws where there are none. */
export function readFigures(output: string): unknown {
  const line = output.split("\n").find((text) => !isProgress(text));
  if (line === undefined) throw new Error(`It gave no figures:\n${output}`);
  return JSON.parse(line.slice(mark.length));
}
