import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { loadBinding } from "../../../native/binding.ts";
import {
  type CountersReader,
  countersReader,
} from "../../../plugin/node/keys/counters.ts";
import {
  type KeyNote,
  type NoteFiles,
  readKeyNote,
  writeKeyNote,
} from "../../../plugin/node/keys/note.ts";
import type { CountersFile } from "../../../plugin/node/keys/stored.ts";
import { namespace } from "../../support/namespace.ts";

const folder = mkdtempSync(join(tmpdir(), "crosslink-note-"));
const files: NoteFiles = {
  counters: join(folder, "counters.json"),
  generations: join(folder, "generations.json"),
};
const kernel = { binding: loadBinding() };

const at = { milliseconds: 1234, octets: 99 };
const note = {
  sent: new Map([
    ["a", { generation: 3, sequence: 7, at }],
    ["b", { generation: 0, sequence: 5, at }],
  ]),
  secrets: new Map([[1, "abc"]]),
  moved: new Map([["a", 3]]),
};
/** None of them is what was written, though some are JSON. */
const OTHER_SHAPES = [
  "{",
  "null",
  "[]",
  '{"version":1}',
  '{"version":2,"boot":"","nodes":[],"newest":{}}',
];
/** Who has read all that was there before, and sees no less for it. */
let reader: CountersReader;

function read(): KeyNote {
  const known = readKeyNote(kernel, { files, reader });
  const anew = readKeyNote(kernel, { files });
  expect(allOf(known)).toEqual(allOf(anew));
  return known;
}

/** Of the series that are noted here. */
const sentOf = ({ sent }: KeyNote) =>
  ["a", "b"].flatMap((name) => [[name, sent.get(name)] as const]);
const allOf = (note: KeyNote) => ({ ...note, sent: sentOf(note) });

beforeEach(() => {
  reader = countersReader();
  for (const file of Object.values(files)) rmSync(file, { force: true });
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("the note of counters", () => {
  it("is read as it was written, and root's alone", () => {
    writeKeyNote(kernel, note, { files, reader });
    const all = { ...note, isKnown: true, milliseconds: 1234 };
    expect(allOf(read())).toEqual(allOf(all));
    for (const file of Object.values(files))
      expect(statSync(file).mode & 0o7777).toBe(0o600);
  });

  it("keeps what was noted of series that are no longer looked at, as old as it is", () => {
    writeKeyNote(kernel, note, { files, reader });
    const later = { milliseconds: 5000, octets: 200 };
    const sent = new Map([["b", { generation: 1, sequence: 0, at: later }]]);
    writeKeyNote(kernel, { ...note, sent, moved: new Map() }, { files });
    expect(read()).toMatchObject({ milliseconds: 5000 });
    expect(sentOf(read())).toEqual([
      ["a", note.sent.get("a")],
      ["b", sent.get("b")],
    ]);
    expect(read().moved).toEqual(note.moved);
  });

  it("leaves alone what somebody else has noted meanwhile", () => {
    writeKeyNote(kernel, note, { files, reader });
    const sent = new Map([["b", { generation: 9, sequence: 0, at }]]);
    const older = { ...note, sent, moved: new Map() };
    writeKeyNote(kernel, older, { files, since: 1000 });
    expect(sentOf(read())).toEqual([...note.sent]);
    writeKeyNote(kernel, older, { files, since: 1234 });
    expect(read().sent.get("b")?.generation).toBe(9);
  });

  it("never takes a generation back", () => {
    writeKeyNote(kernel, note, { files, reader });
    writeKeyNote(kernel, { ...note, moved: new Map([["a", 1]]) }, { files });
    expect(read().moved).toEqual(new Map([["a", 3]]));
  });

  it("tells in another network namespace what was sent, without its octets", () => {
    writeKeyNote(kernel, note, { files, reader });
    using other = namespace();
    const there = { ...kernel, netns: other.fd };
    const found = readKeyNote(there, { files });
    expect(found).toMatchObject({ isKnown: false, milliseconds: undefined });
    expect(found.secrets.size).toBe(0);
    expect(found.sent.get("a")).toEqual({
      generation: 3,
      sequence: 7,
      at: { milliseconds: 1234 },
    });
    writeKeyNote(there, { ...note, secrets: new Map([[1, "def"]]) }, { files });
    expect(read().secrets).toEqual(note.secrets);
    expect(readKeyNote(there, { files }).secrets).toEqual(
      new Map([[1, "def"]]),
    );
  });

  it("ends with a boot, but for generations", () => {
    writeKeyNote(kernel, note, { files, reader });
    const text = readFileSync(files.counters, "utf8");
    writeFileSync(
      files.counters,
      text.replace(/"boot":"[^"]+"/u, '"boot":"earlier"'),
    );
    expect(read()).toMatchObject({ isKnown: false, moved: note.moved });
    expect(read().sent.get("a")).toBeUndefined();
  });

  it.each(["counters", "generations"] as const)(
    "is lost where %s are missing, broken or others could write them, and begins anew",
    (which) => {
      const isLost = () =>
        which === "counters" ? !read().isKnown : read().moved.size === 0;
      expect(isLost()).toBe(true);
      for (const harm of [
        () => {
          chmodSync(files[which], 0o622);
        },
        ...OTHER_SHAPES.map((text) => () => {
          writeFileSync(files[which], text);
        }),
      ]) {
        writeKeyNote(kernel, note, { files, reader });
        expect(isLost()).toBe(false);
        harm();
        expect(isLost()).toBe(true);
      }
      writeKeyNote(kernel, note, { files, reader });
      expect(isLost()).toBe(false);
    },
  );

  it("knows what it wrote itself without parsing it, as long as nobody else writes", () => {
    writeKeyNote(kernel, note, { files, reader });
    const content = reader.read(files.counters);
    expect(content).toEqual(JSON.parse(readFileSync(files.counters, "utf8")));
    expect(reader.read(files.counters)).toBe(content);
    const sent = new Map([["a", { generation: 8, sequence: 0, at }]]);
    writeKeyNote(kernel, { ...note, sent }, { files });
    expect(read().sent.get("a")?.generation).toBe(8);
  });

  it("writes what looks said before as JSON would, and drops looks that say nothing newer", () => {
    writeKeyNote(kernel, note, { files, reader });
    const looks = (): number[] => {
      const text = readFileSync(files.counters, "utf8");
      const content = JSON.parse(text) as CountersFile;
      expect(text).toBe(`${JSON.stringify(content)}\n`);
      expect(reader.read(files.counters)).toEqual(content);
      return (content.nodes[0]?.looks ?? []).map(
        ({ milliseconds }) => milliseconds,
      );
    };
    const again = (milliseconds: number, ...names: readonly string[]) => {
      const one = { generation: 3, sequence: 9, at: { milliseconds } };
      const sent = new Map(names.map((name) => [name, one]));
      writeKeyNote(kernel, { ...note, sent }, { files, reader });
    };
    again(2000, "b");
    expect(looks()).toEqual([2000, 1234]);
    again(3000, "b");
    expect(looks()).toEqual([3000, 1234]);
    expect(read().sent.get("a")).toEqual(note.sent.get("a"));
    again(4000, "a", "b");
    expect(looks()).toEqual([4000]);
  });

  it("says so where it cannot be written", () => {
    const missing = { ...files, counters: "/proc/crosslink/counters.json" };
    expect(() => {
      writeKeyNote(kernel, note, { files: missing });
    }).toThrow(/^Cannot note how far SAs have counted/u);
  });
});
