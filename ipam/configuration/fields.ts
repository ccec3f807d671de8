import { describe, isObject } from "../../cni/configuration.ts";
import { CniError, ErrorCode } from "../../cni/error.ts";

/** A JSON object of the configuration, with its JSON pointer for messages. */
export interface ConfigurationSection {
  readonly value: Readonly<Record<string, unknown>>;
  readonly pointer: string;
}

/**
 * A key's value. host-local's configurations are read with Go's encoding/json, which ignores case, lets the last of
 * several spellings win, and takes null for absent: what works there works here.
 */
export function field({ value }: ConfigurationSection, key: string): unknown {
  if (value[key] != null) return value[key];
  const wanted = key.toLowerCase();
  const names = Object.keys(value).filter(
    (name) => name.toLowerCase() === wanted && value[name] !== null,
  );
  return value[names.at(-1) ?? key] ?? undefined;
}

/** A text; undefined when absent or empty. Throws CniError 7 for another type. */
export function textField(
  section: ConfigurationSection,
  key: string,
): string | undefined {
  const pointer = `${section.pointer}/${key}`;
  const text = asText(field(section, key) ?? "", pointer);
  // Paths are among them, and no path holds one
  if (text.includes("\0")) throw unusable(pointer, "it holds a NUL character");
  return text || undefined;
}

/** The items of a list; none when absent. Throws CniError 7 for another type. */
export function listField(
  section: ConfigurationSection,
  key: string,
): readonly unknown[] {
  return asList(field(section, key) ?? [], `${section.pointer}/${key}`);
}

/** An object; undefined when absent. Throws CniError 7 for another type. */
export function sectionField(
  section: ConfigurationSection,
  key: string,
): ConfigurationSection | undefined {
  const value = field(section, key);
  return value === undefined
    ? undefined
    : asSection(value, `${section.pointer}/${key}`);
}

/** Makes sure that a value is an object. Throws CniError 7. */
export function asSection(
  value: unknown,
  pointer: string,
): ConfigurationSection {
  if (isObject(value)) return { value, pointer };
  throw misfit(pointer, value, "an object");
}

/** Makes sure that a value is a list. Throws CniError 7. */
export function asList(value: unknown, pointer: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw misfit(pointer, value, "an array");
}

/** Makes sure that a value is a text. Throws CniError 7. */
export function asText(value: unknown, pointer: string): string {
  if (typeof value === "string") return value;
  throw misfit(pointer, value, "a string");
}

/** Runs `read`, whose RangeErrors say what is wrong with the value at `pointer`. */
export function readAt<Value>(pointer: string, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof RangeError) throw unusable(pointer, cause.message);
    throw cause;
  }
}

/** An error about the value at `pointer` of the network configuration. */
export function unusable(pointer: string, fact: string): CniError {
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot use the IPAM configuration: ${pointer}: ${fact}`,
    {
      details:
        "correct it in the network's file, which is in /etc/cni/net.d; ipam/README.md has every key",
    },
  );
}

function misfit(pointer: string, value: unknown, wanted: string): CniError {
  return unusable(pointer, `it is ${describe(value)}, want ${wanted}`);
}
