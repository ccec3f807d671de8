import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addEntry,
  pluginsOf,
  removeEntry,
} from "../../../../plugin/install/conflist-text.ts";

const ours = { type: "crosslink" };

describe("addEntry()", () => {
  it("appends on a line of its own where each plugin has one", () => {
    const text =
      '{\r\n\t"name": "a",\r\n\t"plugins": [\r\n\t\t{"type": "x]"}\r\n\t]\r\n}\r\n';
    expect(addEntry(text)).toBe(
      '{\r\n\t"name": "a",\r\n\t"plugins": [\r\n\t\t{"type": "x]"},\r\n\t\t{ "type": "crosslink" }\r\n\t]\r\n}\r\n',
    );
  });

  it("appends in the same line where all are in one", () => {
    const text = '{"plugins":[{"type":"a"}, {"type":"b"}],"name":"n"}';
    expect(addEntry(text)).toBe(
      '{"plugins":[{"type":"a"}, {"type":"b"}, { "type": "crosslink" }],"name":"n"}',
    );
  });

  it("takes the list that counts where a key is repeated, or written with escapes", () => {
    const text =
      '{"plugins":[{"type":"a"}],"x":{"plugins":[1]},"\\u0070lugins":[{"type":"b"}]}';
    expect(pluginsOf(addEntry(text))).toEqual([{ type: "b" }, ours]);
    expect(addEntry(text)).toContain('"plugins":[{"type":"a"}],');
  });

  it("leaves a conflist with crosslink as it is, options and place included", () => {
    const text =
      '{"plugins":[{"type":"a"},{"type":"crosslink","snat":"off"},{"type":"b"}]}';
    expect(addEntry(text)).toBe(text);
  });

  it("refuses a conflist without plugins", () => {
    expect(() => addEntry('{"plugins":[]}')).toThrow(RangeError);
  });
});

describe("removeEntry()", () => {
  it.each([
    [
      '{"plugins":[{"type":"a"},\n {"type":"crosslink","snat":"off"} ]}',
      '{"plugins":[{"type":"a"} ]}',
    ],
    [
      '{"plugins":[ {"type":"crosslink"}, {"type":"a"}]}',
      '{"plugins":[ {"type":"a"}]}',
    ],
    [
      '{"plugins":[{"type":"a"},{"type":"crosslink"},{"type":"b"},{"type":"crosslink"}]}',
      '{"plugins":[{"type":"a"},{"type":"b"}]}',
    ],
    ['{"plugins":[{"type":"a"}]}', '{"plugins":[{"type":"a"}]}'],
    ['{"type":"crosslink"}', '{"type":"crosslink"}'],
    ['["crosslink"]', '["crosslink"]'],
  ])("takes crosslink out of %s", (text, rest) => {
    expect(removeEntry(text)).toBe(rest);
  });

  it("refuses to leave no plugin", () => {
    expect(() => removeEntry('{"plugins":[{"type":"crosslink"}]}')).toThrow(
      RangeError,
    );
  });
});

/** Any conflist, written in any way. */
const conflistText = fc
  .record({
    before: fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 }),
    plugins: fc.array(
      fc
        .tuple(fc.string(), fc.jsonValue())
        .map(([type, more]) => ({ type: `x${type}`, more })),
      { minLength: 1, maxLength: 4 },
    ),
    after: fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 }),
    space: fc.constantFrom("", " ", "  ", "\t"),
    newline: fc.constantFrom("\n", "\r\n"),
  })
  .map(({ before, plugins, after, space, newline }) =>
    JSON.stringify(
      Object.fromEntries([
        ...Object.entries(before),
        ["plugins", plugins],
        ...Object.entries(after).filter(([key]) => key !== "plugins"),
      ]),
      undefined,
      space,
    ).replaceAll("\n", newline),
  );

describe("addEntry() and removeEntry()", () => {
  it("change nothing but crosslink, and undo each other to the byte", () => {
    fc.assert(
      fc.property(conflistText, (text) => {
        const added = addEntry(text);
        const before = JSON.parse(text) as { plugins: unknown[] };
        expect(JSON.parse(added)).toEqual({
          ...before,
          plugins: [...before.plugins, ours],
        });
        expect(addEntry(added)).toBe(added);
        expect(removeEntry(added)).toBe(text);
        expect(removeEntry(text)).toBe(text);
      }),
    );
  });

  it("undo each other for the conflists of base plugins", () => {
    const folder = new URL(
      "../../../../conf/examples/conflists/",
      import.meta.url,
    );
    for (const name of readdirSync(folder)) {
      const text = readFileSync(new URL(name, folder), "utf8");
      const without = removeEntry(text);
      expect(without).not.toContain('"crosslink"');
      expect(removeEntry(addEntry(without))).toBe(without);
      expect(JSON.parse(addEntry(without))).toEqual(JSON.parse(text));
    }
  });
});
