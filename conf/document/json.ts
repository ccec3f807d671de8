import { memberPointer } from "./problem.ts";

/** A place in a text file, both counted from 1; columns count UTF-16 units, as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Why a text isn't JSON, without repeating any of it. */
export interface SyntaxProblem {
  readonly offset: number;
  readonly fact: string;
}

/** Called for each value of a document; returns true to stop. */
type Visit = (value: {
  readonly pointer: string;
  readonly offset: number;
  /** Whether the object had this key before. */
  readonly repeated: boolean;
}) => boolean;

/** Documents of ours are 5 levels deep; the limit keeps a hostile one from exhausting the stack. */
const depthLimit = 64;

/** Where a text stops being JSON (RFC 8259). Call it on text that `JSON.parse` has refused. */
export function findSyntaxProblem(text: string): SyntaxProblem | undefined {
  return walk(text, () => false);
}

/** The position of the value at `pointer`, or of the nearest object or array around where it would be. */
export function positionOf(text: string, pointer: string): Position {
  let best = { pointer: "", offset: 0 };
  walk(text, (value) => {
    const around =
      value.pointer === "" ||
      pointer === value.pointer ||
      pointer.startsWith(`${value.pointer}/`);
    if (around) best = value;
    return pointer === value.pointer;
  });
  return positionAt(text, best.offset);
}

/** The first value whose key its object already has. `JSON.parse` takes the last one, in silence. */
export function findRepeatedKey(
  text: string,
): { readonly pointer: string; readonly offset: number } | undefined {
  let found: { pointer: string; offset: number } | undefined;
  walk(text, ({ pointer, offset, repeated }) => {
    if (repeated) found = { pointer, offset };
    return repeated;
  });
  return found;
}

/**
 * Whether a text says no more than the value made from it: then no key occurs twice.
 *
 * True is certain; false only asks for {@link findRepeatedKey}, which takes forty times as long.
 */
export function isFaithful(text: string, value: unknown): boolean {
  try {
    return withoutSpace(text) === withoutSpace(JSON.stringify(value));
  } catch (error) {
    // A document nested too deep for JSON.stringify().
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Line and column of an offset in a text. */
export function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset).split(/\r\n|\r|\n/);
  return { line: before.length, column: (before.at(-1) ?? "").length + 1 };
}

function withoutSpace(text: string): string {
  return text.replace(/[ \t\r\n]+/g, "");
}

interface Walker {
  readonly text: string;
  readonly visit: Visit;
  offset: number;
}

/** Ends the walk early; never leaves this file. */
class Stop extends Error {
  readonly problem: SyntaxProblem | undefined;
  constructor(problem?: SyntaxProblem) {
    super("stop");
    this.problem = problem;
  }
}

function walk(text: string, visit: Visit): SyntaxProblem | undefined {
  const walker = { text, visit, offset: 0 };
  try {
    walkValue(walker, { pointer: "", repeated: false, depth: 0 });
    skipSpace(walker);
    if (walker.offset < text.length) fail(walker, "want the end of the file");
    return undefined;
  } catch (stop) {
    if (stop instanceof Stop) return stop.problem;
    throw stop;
  }
}

interface ValuePlace {
  readonly pointer: string;
  readonly repeated: boolean;
  readonly depth: number;
}

function walkValue(walker: Walker, place: ValuePlace): void {
  skipSpace(walker);
  const { pointer, repeated, depth } = place;
  if (walker.visit({ pointer, offset: walker.offset, repeated })) {
    throw new Stop();
  }
  if (depth > depthLimit) fail(walker, "too many levels of [ and {");
  if (take(walker, "{")) {
    walkObject(walker, place);
  } else if (take(walker, "[")) {
    walkArray(walker, place);
  } else if (readString(walker) === undefined && !match(walker, scalar)) {
    fail(walker, "want a value");
  }
}

function walkObject(walker: Walker, place: ValuePlace): void {
  const keys = new Set<string>();
  if (take(walker, "}")) return;
  do {
    skipSpace(walker);
    const key = readString(walker);
    if (key === undefined) fail(walker, "want a key in double quotes");
    if (!take(walker, ":")) fail(walker, 'want ":"');
    walkValue(walker, {
      pointer: memberPointer(place.pointer, key),
      repeated: keys.has(key),
      depth: place.depth + 1,
    });
    keys.add(key);
  } while (take(walker, ","));
  if (!take(walker, "}")) fail(walker, 'want "," or "}"');
}

function walkArray(walker: Walker, place: ValuePlace): void {
  if (take(walker, "]")) return;
  let index = 0;
  do {
    const pointer = `${place.pointer}/${index}`;
    walkValue(walker, { pointer, repeated: false, depth: place.depth + 1 });
    index++;
  } while (take(walker, ","));
  if (!take(walker, "]")) fail(walker, 'want "," or "]"');
}

const scalar =
  /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;
// Control characters are what RFC 8259 section 7 forbids inside of a string.
// eslint-disable-next-line no-control-regex
const plainCharacters = /[^"\\\u0000-\u001f]*/y;
const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const space = /[ \t\r\n]*/y;

/** The string at the walker's place, or nothing where there is none; a broken one ends the walk. */
function readString(walker: Walker): string | undefined {
  const start = walker.offset;
  if (walker.text[start] !== '"') return undefined;
  walker.offset++;
  do match(walker, plainCharacters);
  while (match(walker, escape));
  const stop = walker.text[walker.offset];
  if (stop === "\\") fail(walker, "this is no escape that JSON knows");
  if (stop !== '"') fail(walker, "the text in double quotes has no end");
  walker.offset++;
  return JSON.parse(walker.text.slice(start, walker.offset)) as string;
}

function take(walker: Walker, character: string): boolean {
  skipSpace(walker);
  if (walker.text[walker.offset] !== character) return false;
  walker.offset++;
  return true;
}

function skipSpace(walker: Walker): void {
  match(walker, space);
}

function match(walker: Walker, pattern: RegExp): boolean {
  pattern.lastIndex = walker.offset;
  const found = pattern.exec(walker.text);
  if (found === null) return false;
  walker.offset += found[0].length;
  return true;
}

function fail(walker: Walker, fact: string): never {
  const atEnd = walker.offset >= walker.text.length;
  throw new Stop({
    offset: walker.offset,
    fact: atEnd ? `the file ends here, ${fact}` : fact,
  });
}
