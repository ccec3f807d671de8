import { type FileRules, readFileChecked } from "./file.ts";
import {
  findRepeatedKey,
  findSyntaxProblem,
  isFaithful,
  positionAt,
  type Position,
  positionOf,
} from "./json.ts";
import { configurationError, fact, type Refuse } from "./problem.ts";
import {
  findSchemaProblem,
  type Quoting,
  type SchemaValidator,
} from "./schema.ts";

/** A JSON file whose content is what its schema describes. */
export interface Document<T> {
  readonly path: string;
  readonly value: T;
  /** The length of its text in UTF-16 units. */
  readonly length: number;
  /** Throws the error for what the schema cannot say, with the line and column of the problem's pointer. */
  readonly refuse: Refuse;
}

/**
 * Reads a JSON file, validates it and fills in its defaults.
 *
 * JSON's own parser names no place for most errors, repeats the text around them, and lets a key occur twice; so
 * a text that it refuses, or that says more than what it returns, is looked through again.
 *
 * @throws CniError 7 that names the file, the pointer, line and column; CniError 5 where it cannot be read
 */
export function readDocument<T>(
  path: string,
  validator: SchemaValidator<T>,
  rules: FileRules & Quoting,
): Document<T> {
  return parseDocument(readFileChecked(path, rules), path, validator, rules);
}

/** What `readDocument` makes of a file's text. @throws CniError 7 as it does */
export function parseDocument<T>(
  text: string,
  path: string,
  validator: SchemaValidator<T>,
  rules: Pick<FileRules, "kind"> & Quoting,
): Document<T> {
  const subject = `${rules.kind} "${path}"`;
  const refuse: Refuse = (problem) => {
    const place = formatPosition(positionOf(text, problem.pointer));
    throw configurationError(subject, problem, place);
  };
  const value = parse(text, subject);
  // Before validation, which adds the defaults.
  const faithful = isFaithful(text, value);
  const problem = findSchemaProblem(validator, value, rules);
  if (problem !== undefined) refuse(problem);
  if (!faithful) refuseRepeatedKey(text, subject);
  return { path, value: value as T, length: text.length, refuse };
}

/** `line 3, column 15`. */
function formatPosition({ line, column }: Position): string {
  return `line ${line}, column ${column}`;
}

function parse(text: string, subject: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // Not the parser's own message, nor the error as a cause: both repeat the text, which may be a secret.
    const found = findSyntaxProblem(text) ?? { offset: 0, fact: "want JSON" };
    const place = formatPosition(positionAt(text, found.offset));
    throw configurationError(
      subject,
      fact(`it is not JSON at ${place}: ${found.fact}`, "correct that place"),
    );
  }
}

function refuseRepeatedKey(text: string, subject: string): void {
  const found = findRepeatedKey(text);
  if (found === undefined) return;
  const { pointer, offset } = found;
  const problem = {
    pointer,
    fact: "its key occurs twice in the object",
    fix: "remove one of them",
  };
  const place = formatPosition(positionAt(text, offset));
  throw configurationError(subject, problem, place);
}
