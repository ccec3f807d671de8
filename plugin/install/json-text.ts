/** A part of a text, from its first character to behind its last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

// For texts that JSON.parse has accepted: what follows finds places in them, and checks nothing again.

/** Where the value of a key of the outermost object stands; of the last one, where it is repeated, as JSON.parse has it. */
export function memberValue(text: string, key: string): Span | undefined {
  let found: Span | undefined;
  for (
    let at = skipSpace(text, skipSpace(text, 0) + 1);
    text[at] === '"';
    at = nextItem(text, at)
  ) {
    const name = { start: at, end: endOfString(text, at) };
    const start = skipSpace(text, skipSpace(text, name.end) + 1);
    const end = endOfValue(text, start);
    if (JSON.parse(text.slice(name.start, name.end)) === key)
      found = { start, end };
    at = end;
  }
  return found;
}

/** Where the elements of the array stand that begins at `start`. */
export function arrayElements(text: string, start: number): Span[] {
  const elements: Span[] = [];
  for (
    let at = skipSpace(text, start + 1);
    at < text.length && text[at] !== "]";
    at = nextItem(text, at)
  ) {
    const end = endOfValue(text, at);
    elements.push({ start: at, end });
    at = end;
  }
  return elements;
}

/** Behind a value: the next one of its list, or what closes the list. */
function nextItem(text: string, end: number): number {
  const at = skipSpace(text, end);
  return text[at] === "," ? skipSpace(text, at + 1) : at;
}

function endOfValue(text: string, start: number): number {
  const first = text[start];
  if (first === '"') return endOfString(text, start);
  if (first === "{" || first === "[") return endOfList(text, start);
  return start + (/^[^,\]} \t\r\n]*/.exec(text.slice(start))?.[0].length ?? 0);
}

/** Brackets count only outside of strings. */
function endOfList(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const character = text[at] ?? "";
    if (character === '"') at = endOfString(text, at) - 1;
    else if ("{[".includes(character)) depth += 1;
    else if ("}]".includes(character)) depth -= 1;
    if (depth === 0) return at + 1;
  }
  return text.length;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (at < text.length && " \t\r\n".includes(text[at] ?? "")) at += 1;
  return at;
}
