/** A line of YAML that says something. */
interface Line {
  readonly indent: number;
  readonly text: string;
}

/**
 * Reads JSON, or the YAML that programs write kubeconfigs in: mappings and lists by indentation, plain and quoted scalars, no
 * anchors, tags, flow collections or block texts. A scalar is a text, `true` and `false` are booleans.
 *
 * @param refuse called with what it does not read
 */
export function parseYaml(
  text: string,
  refuse: (fact: string) => never,
): unknown {
  if (/^\s*\{/.test(text)) return parseJson(text, refuse);
  const lines = text
    .split(/\r?\n/)
    .filter((line) => !/^\s*(?:#.*)?$|^---\s*$/.test(line))
    .map((line): Line => {
      const body = line.trimStart();
      return { indent: line.length - body.length, text: body.trimEnd() };
    });
  const cursor = { lines, at: 0, refuse };
  const value = block(cursor, 0);
  if (cursor.at < lines.length) return strange(cursor);
  return value;
}

/** Not the parser's own message, which repeats the text: it may be a key. */
function parseJson(text: string, refuse: (fact: string) => never): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return refuse("it begins like JSON, and is none");
  }
}

interface Cursor {
  readonly lines: readonly Line[];
  at: number;
  readonly refuse: (fact: string) => never;
}

/** What is indented by so much from here on: a list or a mapping. */
function block(cursor: Cursor, indent: number): unknown {
  const first = cursor.lines[cursor.at];
  if (first === undefined || first.indent < indent) return undefined;
  return isItem(first)
    ? list(cursor, first.indent)
    : mapping(cursor, first.indent);
}

function isItem({ text }: Line): boolean {
  return text === "-" || text.startsWith("- ");
}

function list(cursor: Cursor, indent: number): unknown[] {
  const items: unknown[] = [];
  for (;;) {
    const line = cursor.lines[cursor.at];
    if (line?.indent !== indent || !isItem(line)) return items;
    const rest = line.text.slice(1).trimStart();
    if (rest === "") {
      cursor.at += 1;
      items.push(block(cursor, indent + 1));
    } else if (KEY.test(rest)) {
      // "- key: value" begins a mapping, indented as its first key is.
      const inner = indent + line.text.length - rest.length;
      const lines = cursor.lines as Line[];
      lines[cursor.at] = { indent: inner, text: rest };
      items.push(mapping(cursor, inner));
    } else {
      cursor.at += 1;
      items.push(scalar(cursor, rest));
    }
  }
}

const KEY = /^("[^"]*"|'[^']*'|[^\s"'{}[\]&*!|>%@`#-][^:#]*):(?:\s+(.*))?$/;

function mapping(cursor: Cursor, indent: number): Record<string, unknown> {
  const entries: [string, unknown][] = [];
  for (;;) {
    const line = cursor.lines[cursor.at];
    if (line?.indent !== indent || isItem(line))
      return Object.fromEntries(entries);
    const [, key, value] = KEY.exec(line.text) ?? strange(cursor);
    cursor.at += 1;
    entries.push([
      unquoted(key ?? ""),
      value === undefined || value === "" || value.startsWith("#")
        ? nested(cursor, indent)
        : scalar(cursor, value),
    ]);
  }
}

/** A list may stand as far left as the key that it belongs to. */
function nested(cursor: Cursor, indent: number): unknown {
  const next = cursor.lines[cursor.at];
  if (next?.indent === indent && isItem(next)) return list(cursor, indent);
  return block(cursor, indent + 1);
}

function scalar(cursor: Cursor, text: string): unknown {
  if (text === "{}") return {};
  if (text === "[]") return [];
  if (/^"(?:[^"\\]|\\["\\/nt])*"$/.test(text))
    return JSON.parse(text) as unknown;
  if (/^'(?:[^']|'')*'$/.test(text))
    return text.slice(1, -1).replaceAll("''", "'");
  if (/^[&*!|>%@`{["']/.test(text)) return strange(cursor, -1);
  const plain = text.replace(/\s+#.*$/, "");
  if (plain === "true" || plain === "false") return plain === "true";
  return plain === "null" || plain === "~" ? undefined : plain;
}

function unquoted(key: string): string {
  return /^["']/.test(key) ? key.slice(1, -1) : key;
}

/** The line's number only: what it says may be a key. */
function strange({ at, refuse }: Cursor, offset = 0): never {
  return refuse(
    `it is written in a way that is not read here (statement ${at + 1 + offset})`,
  );
}
