import { CniError, ErrorCode } from "../../cni/error.ts";

/** One thing that is wrong with a configuration, and where. */
export interface Problem {
  /** RFC 6901 pointer to the value, or to where the missing one belongs; empty for the whole document. */
  readonly pointer: string;
  /** What is wrong: current and wanted state. */
  readonly fact: string;
  /** What to do about it, where the fact doesn't say. */
  readonly fix?: string;
}

/** Gives up on a document: throws the error that names the document and the problem. */
export type Refuse = (problem: Problem) => never;

/**
 * The error for a problem in a configuration.
 *
 * @param subject the document, such as `cluster file "/etc/crosslink/clusters.d/a.json"`
 * @param place   line and column, where the document is a file
 */
export function configurationError(
  subject: string,
  problem: Problem,
  place?: string,
): CniError {
  const where = problem.pointer === "" ? "" : `${problem.pointer}: `;
  const fix = problem.fix ?? "correct the value";
  const details = place === undefined ? fix : `${place}; ${fix}`;
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot use ${subject}: ${where}${problem.fact}`,
    { details },
  );
}

/** How a message names a place by its pointer, with the file where that is another one. */
export type WhereIs = (pointer: string) => string;

/** Runs a parser of a text at `pointer`; where it throws RangeError, refuses the document with its words. */
export function orRefuse<T>(
  parse: () => T,
  pointer: string,
  refuse: Refuse,
): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return refuse({ pointer, fact: error.message });
  }
}

/** A problem of the document as a whole. */
export function fact(text: string, fix?: string): Problem {
  return { pointer: "", fact: text, ...(fix === undefined ? {} : { fix }) };
}

/** The pointer of a member: RFC 6901 section 3 escapes `~` and `/`. */
export function memberPointer(parent: string, key: string | number): string {
  const token = String(key).replaceAll("~", "~0").replaceAll("/", "~1");
  return `${parent}/${token}`;
}
