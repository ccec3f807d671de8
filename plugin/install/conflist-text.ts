import { arrayElements, memberValue, type Span } from "./json-text.ts";

/** What crosslink's own entry says; everything else has a default. */
const ENTRY = '{ "type": "crosslink" }';

/** Whether a plugin of a conflist is ours. */
export function isCrosslinkEntry(plugin: unknown): boolean {
  return (
    typeof plugin === "object" &&
    plugin !== null &&
    "type" in plugin &&
    plugin.type === "crosslink"
  );
}

/**
 * Appends crosslink to the plugins of a conflist. Every other byte stays as it is; a conflist that
 * has crosslink already is returned unchanged.
 *
 * @param text a JSON object whose "plugins" are an array of at least one
 */
export function addEntry(text: string, entry = ENTRY): string {
  if (pluginsOf(text).some(isCrosslinkEntry)) return text;
  const elements = pluginSpans(text);
  const last = elements.at(-1);
  if (last === undefined) throw new RangeError("Cannot append to no plugins");
  // As far from the element before as that one is from its own: one a line, or all in one.
  const gap = spaceBefore(text, last.start);
  return `${text.slice(0, last.end)},${gap}${entry}${text.slice(last.end)}`;
}

/** crosslink's entry of a conflist, word by word; undefined where it has none. */
export function entryText(text: string): string | undefined {
  const index = pluginsOf(text).findIndex(isCrosslinkEntry);
  const own = index < 0 ? undefined : pluginSpans(text)[index];
  return own && text.slice(own.start, own.end);
}

/** Whether crosslink is the last plugin of a conflist, and stands there once. */
export function isLastOnce(text: string): boolean {
  const plugins = pluginsOf(text);
  return (
    plugins.filter(isCrosslinkEntry).length === 1 &&
    isCrosslinkEntry(plugins.at(-1))
  );
}

/**
 * Takes crosslink out of the plugins of a conflist again, and what {@link addEntry} wrote with it.
 *
 * @throws RangeError where nothing else is in it
 */
export function removeEntry(text: string): string {
  const index = pluginsOf(text).findIndex(isCrosslinkEntry);
  if (index < 0) return text;
  const elements = pluginSpans(text);
  const own = elements[index];
  const before = elements[index - 1];
  const after = elements[index + 1];
  if (own === undefined || (before === undefined && after === undefined))
    throw new RangeError("Cannot take out the only plugin");
  const [from, to] =
    before === undefined
      ? [own.start, after?.start ?? own.end]
      : [before.end, own.end];
  return removeEntry(text.slice(0, from) + text.slice(to));
}

/** The plugins of a conflist, none where it has no such list. */
export function pluginsOf(text: string): readonly unknown[] {
  const value: unknown = JSON.parse(text);
  const plugins =
    typeof value === "object" && value !== null && "plugins" in value
      ? value.plugins
      : undefined;
  return Array.isArray(plugins) ? (plugins as unknown[]) : [];
}

function pluginSpans(text: string): Span[] {
  const list = memberValue(text, "plugins");
  return list === undefined ? [] : arrayElements(text, list.start);
}

function spaceBefore(text: string, end: number): string {
  return /[ \t\r\n]*$/.exec(text.slice(0, end))?.[0] ?? "";
}
