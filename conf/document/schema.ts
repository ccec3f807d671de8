import { nearest } from "./nearest.ts";
import { memberPointer, type Problem } from "./problem.ts";

/** What a compiled validator says of the first thing that is wrong (ajv's error object, without its sentence). */
interface SchemaError {
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A validator made from a JSON Schema; it fills in defaults, and leaves its finding on itself. */
export interface SchemaValidator<T> {
  (value: unknown): value is T;
  errors?: readonly SchemaError[] | null;
  /** The keys of each object in the schema, by the object's place there. */
  readonly keys: Readonly<Record<string, readonly string[]>>;
}

/** How much of the document's own text a message may repeat. */
export interface Quoting {
  /** True for a document with secrets: no value, and no key that isn't a known one. */
  readonly secret: boolean;
  /** Keys that an earlier version knew at the document's top, and what to do about each. */
  readonly withdrawn?: Readonly<Record<string, string>>;
}

/** How a message says what a pattern wants; one entry for each pattern in the schemas. */
const patternWants: Readonly<Record<string, string>> = {
  "^/": "an absolute path",
  "^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$":
    'a letter or digit, then up to 252 letters, digits, ".", "_" or "-"',
};

/**
 * Validates a parsed document and fills in its defaults.
 *
 * @returns the first problem, or nothing when the value is what the schema describes
 */
export function findSchemaProblem<T>(
  validator: SchemaValidator<T>,
  value: unknown,
  quoting: Quoting,
): Problem | undefined {
  if (validator(value)) return undefined;
  const error = validator.errors?.[0];
  if (error === undefined) {
    throw new Error("Cannot explain a refused document: no error was left");
  }
  switch (error.keyword) {
    case "additionalProperties":
      return unknownKey(error, validator.keys, quoting);
    case "required":
      return missingKey(error, valueAt(value, error.instancePath));
    default: {
      const found = valueAt(value, error.instancePath);
      const fact = `is ${foundAs(error, found, quoting)}, want ${wanted(error)}`;
      return { pointer: error.instancePath, fact };
    }
  }
}

/** How a message names a JSON value: its type, and the value itself where that is short and may be shown. */
function describe(value: unknown, quoting: Quoting): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  if (quoting.secret) return `a ${typeof value}`;
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function foundAs(
  { keyword }: SchemaError,
  value: unknown,
  quoting: Quoting,
): string {
  if (keyword === "minItems") return "empty";
  const isOutOfRange = keyword === "minimum" || keyword === "maximum";
  return isOutOfRange && quoting.secret
    ? "out of range"
    : describe(value, quoting);
}

function unknownKey(
  error: SchemaError,
  keys: SchemaValidator<unknown>["keys"],
  quoting: Quoting,
): Problem {
  const key = String(error.params["additionalProperty"]);
  const fix = error.instancePath === "" ? quoting.withdrawn?.[key] : undefined;
  if (fix !== undefined)
    return { pointer: memberPointer("", key), fact: "is no longer a key", fix };
  const known = keys[error.schemaPath.replace(/\/additionalProperties$/, "")];
  const meant = nearest(key, known ?? []);
  const hint =
    meant === undefined
      ? `known keys are ${quoteAll(known ?? [])}`
      : `did you mean "${meant}"?`;
  // A secret pasted in the wrong place must not come out again; a misspelt known key is no secret.
  return quoting.secret && meant === undefined
    ? { pointer: error.instancePath, fact: `has an unknown key; ${hint}` }
    : {
        pointer: memberPointer(error.instancePath, key.slice(0, 80)),
        fact: `unknown key; ${hint}`,
      };
}

function missingKey(error: SchemaError, object: unknown): Problem {
  const key = String(error.params["missingProperty"]);
  const misspelt = Object.keys(object as object).find(
    (other) => other !== key && nearest(other, [key]) !== undefined,
  );
  if (misspelt === undefined) {
    const pointer = memberPointer(error.instancePath, key);
    return { pointer, fact: "is missing" };
  }
  const pointer = memberPointer(error.instancePath, misspelt);
  return { pointer, fact: `unknown key; did you mean "${key}"?` };
}

function wanted({ keyword, params }: SchemaError): string {
  switch (keyword) {
    case "type":
      return [params["type"]].flat().map(withArticle).join(" or ");
    case "enum":
      return `one of ${quoteAll(params["allowedValues"] as string[])}`;
    case "pattern":
      return patternWants[String(params["pattern"])] ?? "another form";
    case "minItems":
      return "at least one entry";
    case "minimum":
    case "maximum":
      return `a number ${String(params["comparison"])} ${String(params["limit"])}`;
    default:
      throw new Error(`Cannot explain the schema keyword "${keyword}"`);
  }
}

function withArticle(type: unknown): string {
  if (type === "null") return "null";
  const name = type === "integer" ? "whole number" : String(type);
  return `${/^[aeiou]/.test(name) ? "an" : "a"} ${name}`;
}

function quoteAll(words: readonly string[]): string {
  return words.map((word) => `"${word}"`).join(", ");
}

function valueAt(root: unknown, pointer: string): unknown {
  let value = root;
  for (const token of pointer.split("/").slice(1)) {
    const key = token.replaceAll("~1", "/").replaceAll("~0", "~");
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
