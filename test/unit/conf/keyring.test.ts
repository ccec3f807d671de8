import { chmodSync, chownSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CniError } from "../../../cni/error.ts";
import { loadKeyring } from "../../../conf/keyring.ts";
import { refusal, temporaryFolder, writeFiles } from "./files.ts";

const secretBytes = Buffer.from("Xyzzy, plugh, frotz and grue; 9!");
const secret = secretBytes.toString("base64");
const other = Buffer.from("Quux? garply, waldo, fred, thud!").toString(
  "base64",
);
const hexKey = `0x${"5ec4e75ec4e7".repeat(4).slice(0, 40)}`;
/** Six characters in a row of a secret, in any spelling that the tests use, are too many. */
const pieces = [secret, other, hexKey.slice(2)].flatMap((spelling) => {
  const bytes = Buffer.from(spelling, "base64");
  const hex = bytes.toString("hex");
  return [spelling, bytes.toString("latin1"), hex, bytes.join(", ")].flatMap(
    (text) => Array.from(text, (_, i) => text.slice(i, i + 6)).slice(0, -5),
  );
});

function leaked(text: string): string[] {
  return pieces.filter((piece) => text.includes(piece));
}

const good = { active: 1, keys: [{ id: 1, secret }] };

function keyring(content: unknown): { path: string; folder: string } {
  const folder = writeFiles(temporaryFolder(), { "keyring.json": content });
  return { folder, path: join(folder, "keyring.json") };
}

/** What is said of a keyring with this content; nothing of what must not be said. */
function refused(content: unknown): {
  msg: string;
  details: string | undefined;
} {
  const { path, folder } = keyring(content);
  const { code, msg, details } = refusal(() => loadKeyring(path), folder);
  expect(code).toBe(7);
  const prefix = 'Cannot use keyring "DIR/keyring.json": ';
  expect(msg.slice(0, prefix.length)).toBe(prefix);
  expect(leaked(`${msg} ${details ?? ""}`)).toEqual([]);
  return { msg: msg.slice(prefix.length), details };
}

describe("loadKeyring()", () => {
  test("loadKeyring() reads secrets", () => {
    const keys = [
      { id: 1, secret },
      { id: 255, secret: other },
    ];
    const read = loadKeyring(keyring({ active: 255, keys }).path);
    expect(read).toMatchObject({ kind: "keys", active: 255 });
    if (read.kind !== "keys") return;
    expect(read.keys.map(({ id }) => id)).toEqual([1, 255]);
    expect(read.keys.map((key) => Buffer.from(key.secret.bytes()))).toEqual([
      secretBytes,
      Buffer.from(other, "base64"),
    ]);
    expect(leaked(inspect(read, { depth: 9 }) + JSON.stringify(read))).toEqual(
      [],
    );
  });

  test.each([20, 28, 36])(
    "loadKeyring() reads a static key of %i bytes",
    (length) => {
      const key = Buffer.from(Array.from({ length }, (_, i) => i * 7));
      const entry = { spi: 186, reqid: 187, key: `0x${key.toString("hex")}` };
      const read = loadKeyring(keyring({ static: entry }).path);
      expect(read).toMatchObject({ kind: "static", spi: 186, reqid: 187 });
      if (read.kind !== "static") return;
      expect(Buffer.from(read.key.bytes())).toEqual(key);
    },
  );

  test("loadKeyring() reads the article's key", () => {
    const key = "0x7482b075e3ec7e11a20e1edc1e9a7a459ada760c";
    const read = loadKeyring(
      keyring({ static: { spi: 186, reqid: 186, key } }).path,
    );
    expect(read.kind === "static" && read.key.length).toBe(20);
  });

  test("loadKeyring() takes SPIs and reqids to the end of their range", () => {
    for (const spi of [1, 255, 0xffffffff]) {
      const read = loadKeyring(
        keyring({ static: { spi, reqid: spi, key: hexKey } }).path,
      );
      expect(read).toMatchObject({ spi, reqid: spi });
    }
  });

  test("loadKeyring() follows links, as a Secret is mounted", () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "..2026_01"));
    writeFiles(join(folder, "..2026_01"), { "keyring.json": good });
    symlinkSync("..2026_01", join(folder, "..data"));
    symlinkSync("..data/keyring.json", join(folder, "keyring.json"));
    expect(loadKeyring(join(folder, "keyring.json")).kind).toBe("keys");
  });
});

describe("the file", () => {
  test.each([
    [0o644, "0644"],
    [0o640, "0640"],
    [0o604, "0604"],
    [0o601, "0601"],
    [0o4620, "4620"],
  ])("loadKeyring() refuses mode %o", (mode, shown) => {
    const { path, folder } = keyring(good);
    chmodSync(path, mode);
    expect(refusal(() => loadKeyring(path), folder)).toEqual({
      code: 7,
      msg: `Cannot use keyring "DIR/keyring.json": its mode is ${shown}, want 0600 or stricter`,
      details: "run: chmod 0600 DIR/keyring.json",
    });
  });

  test.each([0o600, 0o400, 0o700])("loadKeyring() takes mode %o", (mode) => {
    const { path } = keyring(good);
    chmodSync(path, mode);
    expect(loadKeyring(path).kind).toBe("keys");
  });

  test("loadKeyring() refuses another owner", () => {
    const { path, folder } = keyring(good);
    chownSync(path, 1000, 0);
    expect(refusal(() => loadKeyring(path), folder)).toEqual({
      code: 7,
      msg: 'Cannot use keyring "DIR/keyring.json": it belongs to user 1000, want root',
      details: "run: chown root:root DIR/keyring.json",
    });
  });

  test("loadKeyring() refuses a folder in which others can replace it", () => {
    const { path, folder } = keyring(good);
    chmodSync(folder, 0o777);
    expect(refusal(() => loadKeyring(path), folder)).toEqual({
      code: 7,
      msg: 'Cannot use keyring "DIR/keyring.json": of its folder "DIR": everyone can write to it (mode 0777)',
      details: "run: chmod go-w DIR",
    });
    chmodSync(folder, 0o1777);
    expect(loadKeyring(path).kind).toBe("keys");
  });

  test("loadKeyring() looks at the folder behind a link too", () => {
    const { path, folder } = keyring(good);
    const elsewhere = temporaryFolder();
    const link = join(elsewhere, "keyring.json");
    symlinkSync(path, link);
    chmodSync(folder, 0o777);
    expect(refusal(() => loadKeyring(link), folder).msg).toContain(
      'of its folder "DIR": everyone can write to it (mode 0777)',
    );
  });

  test("loadKeyring() says how to make one where there is none", () => {
    const folder = temporaryFolder();
    expect(refusal(() => loadKeyring(join(folder, "k.json")), folder)).toEqual({
      code: 7,
      msg: 'Cannot use keyring "DIR/k.json": it does not exist, or is a link to nothing',
      details:
        'make a keyring with: crosslink keygen; "keyring" of the network configuration says where it is',
    });
    expect(refusal(() => loadKeyring(folder), folder).msg).toBe(
      'Cannot use keyring "DIR": it is a folder, want a regular file',
    );
  });
});

describe("the content", () => {
  const keys = (...list: unknown[]): object => ({ active: 1, keys: list });
  const fixed = { spi: 186, reqid: 186, key: hexKey };

  test.each([
    [{}, 'has neither "keys" nor "static"'],
    [{ active: 1 }, 'has neither "keys" nor "static"'],
    [{ keys: [{ id: 1, secret }] }, "/active: is missing"],
    [keys(), "/keys: is empty, want at least one entry"],
    [
      {
        active: 2,
        keys: [
          { id: 1, secret },
          { id: 3, secret: other },
        ],
      },
      "/active: no key has the id 2; there is 1, 3",
    ],
    [
      { active: 0, keys: [{ id: 1, secret }] },
      "/active: is out of range, want a number >= 1",
    ],
    [
      keys({ id: 256, secret }),
      "/keys/0/id: is out of range, want a number <= 255",
    ],
    [keys({ id: 1.5, secret }), "/keys/0/id: is a number, want a whole number"],
    [keys({ id: "1", secret }), "/keys/0/id: is a string, want a whole number"],
    [keys({ id: 1 }), "/keys/0/secret: is missing"],
    [
      keys({ id: 1, secret }, { id: 1, secret: other }),
      "/keys/1/id: 1 is the id of /keys/0 too",
    ],
    [
      keys({ id: 1, secret }, { id: 1, secret }),
      "/keys/1/id: 1 is the id of /keys/0 too",
    ],
    [
      keys({ id: 1, secret }, { id: 2, secret }),
      "/keys/1/secret: is the same as that of /keys/0",
    ],
    [keys(secret), "/keys/0: is a string, want an object"],
    [{ active: 1, keys: { 1: secret } }, "/keys: is an object, want an array"],
    [
      keys({ id: 1, secret: [secret] }),
      "/keys/0/secret: is an array, want a string",
    ],
    [
      keys({ id: 1, Secret: secret }),
      '/keys/0/Secret: unknown key; did you mean "secret"?',
    ],
    [
      keys({ id: 1, secret, [secret]: 1 }),
      '/keys/0: has an unknown key; known keys are "id", "secret"',
    ],
    [
      { [secret]: 1 },
      'has an unknown key; known keys are "active", "keys", "static"',
    ],
    [secret, "it is not JSON at line 1, column 1: want a value"],
    [JSON.stringify(secret), "is a string, want an object"],
    [
      `{"active": 1, "keys": [{"id": 1, "secret": ${secret}}]}`,
      "it is not JSON at line 1, column 44: want a value",
    ],
    [
      `{"active": 1, "keys": [{"id": 1, "secret": "${secret}}]}`,
      `it is not JSON at line 1, column ${48 + secret.length}: the file ends here, the text in double quotes has no end`,
    ],
    [{ static: fixed, active: 1 }, '/static: has "keys" or "active" beside it'],
    [{ static: fixed, ...good }, '/static: has "keys" or "active" beside it'],
    [
      { static: { ...fixed, spi: 0 } },
      "/static/spi: is out of range, want a number >= 1",
    ],
    [
      { static: { ...fixed, spi: 2 ** 32 } },
      "/static/spi: is out of range, want a number <= 4294967295",
    ],
    [
      { static: { ...fixed, reqid: "186" } },
      "/static/reqid: is a string, want a whole number",
    ],
    [{ static: { spi: 186, key: hexKey } }, "/static/reqid: is missing"],
  ])("loadKeyring() refuses %j", (content, message) => {
    expect(refused(content).msg).toBe(message);
  });

  test.each([
    "",
    "run crosslink keygen",
    secret.slice(0, -1),
    `${secret} `,
    `${secret}\n`,
    secret.replace("=", "A"),
    secretBytes.subarray(1).toString("base64"),
    `${secret}=`,
    secretBytes.toString("hex"),
    // The last two bits of the 43rd character must be zero, or two texts would be one secret.
    `${Buffer.alloc(32).toString("base64").slice(0, 42)}B=`,
  ])("loadKeyring() refuses the secret %j", (text) => {
    expect(refused(keys({ id: 1, secret: text }))).toMatchObject({
      msg: "/keys/0/secret: is not 32 bytes in base64 (44 characters)",
      details: expect.stringContaining(
        "make a keyring with: crosslink keygen",
      ) as string,
    });
  });

  test.each([
    "",
    hexKey.slice(2),
    hexKey.slice(0, -1),
    `${hexKey}00`,
    hexKey.replace("0x", "0X"),
    hexKey.replace("5", "g"),
    `${hexKey}\n`,
    ` ${hexKey}`,
    "rfc4106(gcm(aes))",
  ])("loadKeyring() refuses the static key %j", (key) => {
    expect(refused({ static: { ...fixed, key } })).toMatchObject({
      msg: "/static/key: is not 0x and 40, 56 or 72 hexadecimal digits: an AES key of 16, 24 or 32 bytes and 4 of salt",
    });
  });

  test("loadKeyring() keeps what it refuses out of the whole error", () => {
    const { path } = keyring(
      `{"active": 1, "keys": [{"id": 1, "secret": ${secret}}]}`,
    );
    try {
      loadKeyring(path);
      expect.unreachable();
    } catch (error) {
      expect(leaked(inspect(error, { depth: 9, showHidden: true }))).toEqual(
        [],
      );
    }
  });
});

test("loadKeyring() returns or throws CniError 7 without the secret, however the file is damaged", () => {
  const { path, folder } = keyring(good);
  const templates = [
    JSON.stringify(
      {
        active: 2,
        keys: [
          { id: 1, secret },
          { id: 2, secret: other },
        ],
      },
      null,
      1,
    ),
    JSON.stringify({ static: { spi: 186, reqid: 186, key: hexKey } }),
  ];
  const damage = fc.tuple(
    fc.constantFrom(...templates),
    fc.array(
      fc.tuple(
        fc.nat({ max: 200 }),
        fc.nat({ max: 12 }),
        fc.oneof(
          fc.constantFrom(
            "",
            '"',
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "1",
            "null",
            "\\",
            secret,
          ),
          fc.string({ maxLength: 4 }),
        ),
      ),
      { minLength: 1, maxLength: 4 },
    ),
  );
  fc.assert(
    fc.property(damage, ([template, edits]) => {
      let text = template;
      for (const [at, length, insert] of edits) {
        text = text.slice(0, at) + insert + text.slice(at + length);
      }
      writeFiles(folder, { "keyring.json": text });
      try {
        loadKeyring(path);
      } catch (error) {
        expect(error).toBeInstanceOf(CniError);
        expect(error).toMatchObject({ code: 7 });
        expect(leaked(inspect(error, { depth: 9 }))).toEqual([]);
      }
    }),
    { numRuns: 500 },
  );
});
