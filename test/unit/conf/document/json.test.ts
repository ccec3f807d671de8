import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  findRepeatedKey,
  findSyntaxProblem,
  isFaithful,
  positionAt,
  positionOf,
} from "../../../../conf/document/json.ts";

const example = `{
  "name": "a",
  "nodes": [
    { "name": "n1" },
    { "name": "n2", "a/b": { "c~d": 1 } }
  ]
}
`;

describe("findSyntaxProblem()", () => {
  test.each([
    ["", 1, 1, "the file ends here, want a value"],
    ["{", 1, 2, "the file ends here, want a key in double quotes"],
    ['{"a":1,}', 1, 8, "want a key in double quotes"],
    ["{'a':1}", 1, 2, "want a key in double quotes"],
    ['{"a" 1}', 1, 6, 'want ":"'],
    ['{"a":1\n "b":2}', 2, 2, 'want "," or "}"'],
    ["[1 2]", 1, 4, 'want "," or "]"'],
    ["[1,]", 1, 4, "want a value"],
    ["[01]", 1, 2, "want a value"],
    ["[+1]", 1, 2, "want a value"],
    ["[NaN]", 1, 2, "want a value"],
    ["[truely]", 1, 2, "want a value"],
    ["// a comment\n{}", 1, 1, "want a value"],
    ['{"a":"b\nc"}', 1, 8, "the text in double quotes has no end"],
    ['["\\x"]', 1, 3, "this is no escape that JSON knows"],
    ['["abc', 1, 6, "the file ends here, the text in double quotes has no end"],
    ["{}\n{}", 2, 1, "want the end of the file"],
    ["\u00a0{}", 1, 1, "want a value"],
    ["[".repeat(100_000), 1, 66, "too many levels of [ and {"],
  ])(
    "findSyntaxProblem() finds the place in %j",
    (text, line, column, fact) => {
      expect(isJson(text)).toBe(false);
      const problem = findSyntaxProblem(text);
      expect(problem?.fact).toBe(fact);
      expect(positionAt(text, problem?.offset ?? 0)).toEqual({ line, column });
    },
  );

  test("findSyntaxProblem() refuses exactly what JSON.parse() refuses", () => {
    const character = fc.constantFrom(
      ...Array.from('{}[]",:\\u0/ a1e.-+\n\ttrue'),
    );
    const broken = fc
      .tuple(
        fc.json({ maxDepth: 3 }),
        fc.nat(),
        fc.string({ unit: character, maxLength: 3 }),
      )
      .map(([text, at, noise]) => {
        const offset = at % (text.length + 1);
        return text.slice(0, offset) + noise + text.slice(offset + 1);
      });
    const anything = fc.string({ unit: character, maxLength: 20 });
    fc.assert(
      fc.property(fc.oneof(broken, anything, fc.json()), (text) => {
        expect(findSyntaxProblem(text) === undefined).toBe(isJson(text));
      }),
      { numRuns: 3000 },
    );
  });

  test("findSyntaxProblem() copes with four million characters", () => {
    for (const filler of ["a", "\\n", "\\\\"]) {
      const text = `["${filler.repeat(2_000_000)}`;
      expect(findSyntaxProblem(text)?.offset).toBe(text.length);
    }
    expect(findSyntaxProblem(`[${" ".repeat(4_000_000)}`)?.fact).toMatch(
      /ends/,
    );
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe("positionOf()", () => {
  test.each([
    ["", 1, 1],
    ["/name", 2, 11],
    ["/nodes", 3, 12],
    ["/nodes/1", 5, 5],
    ["/nodes/1/a~1b/c~0d", 5, 37],
    ["/nodes/1/missing", 5, 5],
    ["/missing", 1, 1],
    ["/nodes/7", 3, 12],
  ])("positionOf() finds %j at line %i, column %i", (pointer, line, column) => {
    expect(positionOf(example, pointer)).toEqual({ line, column });
  });

  test("positionAt() counts lines of every system", () => {
    expect(positionAt("a\r\nb\rc\nd", 7)).toEqual({ line: 4, column: 1 });
  });
});

describe("repeated keys", () => {
  test.each([
    ['{"a":1,"a":2}', "/a"],
    ['{"x":[{"b":1},{"b":1,"b":1}]}', "/x/1/b"],
    ['{"a":1,"\\u0061":2}', "/a"],
    ['{"a":{"a":1}}', undefined],
    ['[{"a":1},{"a":1}]', undefined],
    ['{"a":"\\"b\\":","c":"d:"}', undefined],
  ])("findRepeatedKey() looks through %s", (text, pointer) => {
    expect(findRepeatedKey(text)?.pointer).toBe(pointer);
    const faithful = isFaithful(text, JSON.parse(text));
    if (pointer !== undefined) expect(faithful).toBe(false);
  });

  test("isFaithful() is true of what JSON.stringify() writes, in one line or in many", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat({ max: 4 }), (value, indent) => {
        // V8 13.6 sometimes reads the key "\"" as "\\"; such a document is rightly called unfaithful.
        fc.pre(!JSON.stringify(value).includes("\\"));
        const text = JSON.stringify(value, null, indent);
        expect(isFaithful(text, JSON.parse(text))).toBe(true);
      }),
    );
  });

  test("isFaithful() is never true where findRepeatedKey() finds one", () => {
    const key = fc.oneof(
      fc.constantFrom("a", "b", '"', "\\", ":", '":', "__proto__", ""),
      fc.string(),
    );
    const member = fc
      .tuple(key, fc.json({ maxDepth: 2 }))
      .map(([name, value]) => `${JSON.stringify(name)} : ${value}`);
    const text = fc
      .array(member, { maxLength: 6 })
      .map((members) => `{${members.join(",")}}`);
    let repeated = 0;
    fc.assert(
      fc.property(text, (json) => {
        if (findRepeatedKey(json) === undefined) return;
        repeated++;
        expect(isFaithful(json, JSON.parse(json))).toBe(false);
      }),
      { numRuns: 2000 },
    );
    expect(repeated).toBeGreaterThan(100);
  });

  test("isFaithful() copes with a document that is nested as deep as it is long", () => {
    const text = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    expect(isFaithful(text, JSON.parse(text))).toBe(false);
  });
});
