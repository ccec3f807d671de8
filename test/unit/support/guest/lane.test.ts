import { expect, test } from "vitest";
import { readOutput } from "../../../support/guest/lane.ts";

/** What comes of a port's data, however it is cut. */
function read(parts: readonly string[]) {
  const lines: string[] = [];
  const scene = readOutput("scene7", (text) => lines.push(text));
  const ended = parts
    .map((part) => scene.add(part))
    .find((one) => one !== undefined);
  return { ended, lines, shown: scene.read() };
}

test("output ends at the mark, even where its last line does", () => {
  const text = "one\ntwo[end scene7 3]\n";
  for (const parts of [
    [text],
    Array.from(text),
    ["one\nt", "wo[end scene", "7 3]\n"],
  ]) {
    const { ended, lines } = read(parts);
    expect(ended).toMatchObject({ status: 3, output: "one\ntwo" });
    expect(lines.join("")).toBe("one\ntwo");
  }
});

test("another scene's mark, and one in the middle of a line, are output", () => {
  const text = "[end scene70 0]\n[end scene7 0] is no end\n";
  expect(read([text])).toEqual({
    ended: undefined,
    lines: ["[end scene70 0]\n", "[end scene7 0] is no end\n"],
    shown: text,
  });
});

test("what has come so far can be read, whole lines or not", () => {
  expect(read(["one\ntw"]).shown).toBe("one\ntw");
});
