import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadClusters } from "../../../conf/clusters.ts";
import { refusal, temporaryFolder, writeFiles } from "./files.ts";

const a = { name: "a", podCIDRs: ["10.0.0.0/24"] };
const b = { name: "b", podCIDRs: ["10.0.1.0/24"] };

/** Loads a folder with these files, and gives what was refused. */
function refused(files: Readonly<Record<string, unknown>>) {
  const folder = writeFiles(temporaryFolder(), files);
  return refusal(() => loadClusters(folder), folder);
}

describe("loadClusters()", () => {
  test("loadClusters() reads *.json in the order of their names", () => {
    const folder = writeFiles(temporaryFolder(), {
      "20-b.json": b,
      "10-a.json": a,
      ".hidden.json": "not JSON",
      "README.md": "not JSON",
      "c.json.bak": "not JSON",
    });
    mkdirSync(join(folder, "sub"));
    expect(loadClusters(folder).map(({ file }) => file)).toEqual([
      join(folder, "10-a.json"),
      join(folder, "20-b.json"),
    ]);
  });

  test("loadClusters() fills in the defaults", () => {
    const node = { name: "n", ips: ["192.168.0.1"] };
    const folder = writeFiles(temporaryFolder(), {
      "a.json": { name: "a", nodes: [node] },
    });
    expect(loadClusters(folder)[0]?.cluster).toEqual({
      name: "a",
      cni: "other",
      mode: "p2p",
      ipFamily: "all",
      podCIDRs: [],
      serviceCIDRs: [],
      globalCIDRs: {},
      nodes: [{ ...node, gateway: false }],
      encryption: "esp",
      encap: "esp",
    });
  });

  test("loadClusters() gives each address its canonical spelling", () => {
    const folder = writeFiles(temporaryFolder(), {
      "a.json": {
        name: "a",
        podCIDRs: ["FD00:0:0:1::/64"],
        globalCIDRs: { "fd00:0:0:1:0::/64": "FD00:9:0:0::/64" },
        nodes: [
          {
            name: "n",
            ips: ["FD99::0001"],
            elasticIP: "2001:DB8::1",
            podCIDRs: ["fd00:0:0:1:0:0:0:0/80"],
          },
        ],
      },
    });
    expect(loadClusters(folder)[0]?.cluster).toMatchObject({
      podCIDRs: ["fd00:0:0:1::/64"],
      globalCIDRs: { "fd00:0:0:1::/64": "fd00:9::/64" },
      nodes: [
        {
          ips: ["fd99::1"],
          elasticIP: "2001:db8::1",
          podCIDRs: ["fd00:0:0:1::/80"],
        },
      ],
    });
  });

  test("loadClusters() gives nothing for an empty folder", () => {
    expect(loadClusters(temporaryFolder())).toEqual([]);
  });

  test("loadClusters() follows links, as a ConfigMap is mounted", () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "..2026_01"));
    writeFiles(join(folder, "..2026_01"), { "a.json": a });
    symlinkSync("..2026_01", join(folder, "..data"));
    symlinkSync("..data/a.json", join(folder, "a.json"));
    expect(loadClusters(folder)).toHaveLength(1);
  });

  test("loadClusters() takes a byte order mark for what it is", () => {
    const folder = writeFiles(temporaryFolder(), {
      "a.json": `\ufeff${JSON.stringify(a)}`,
    });
    expect(loadClusters(folder)).toHaveLength(1);
  });
});

describe("the folder", () => {
  test("loadClusters() refuses a folder that does not exist", () => {
    const folder = temporaryFolder();
    const path = join(folder, "clusters.d");
    expect(refusal(() => loadClusters(path), folder)).toEqual({
      code: 7,
      msg: 'Cannot use folder of cluster files "DIR/clusters.d": it does not exist, or is a link to nothing',
      details:
        'make it, with one file for each cluster of the mesh; "clustersDir" of the network configuration says where it is',
    });
  });

  test("loadClusters() refuses a file in the folder's place", () => {
    const folder = writeFiles(temporaryFolder(), { file: "" });
    const path = join(folder, "file");
    expect(refusal(() => loadClusters(path), folder).msg).toBe(
      'Cannot use folder of cluster files "DIR/file": it is not a folder',
    );
  });

  test("loadClusters() refuses a folder that everyone can write to", () => {
    const folder = temporaryFolder();
    for (const [mode, shown] of [
      [0o777, "0777"],
      [0o1777, "1777"],
    ] as const) {
      chmodSync(folder, mode);
      expect(refusal(() => loadClusters(folder), folder)).toEqual({
        code: 7,
        msg: `Cannot use folder of cluster files "DIR": everyone can write to it (mode ${shown})`,
        details: "run: chmod go-w DIR",
      });
    }
  });

  test("loadClusters() refuses a folder of another owner", () => {
    const folder = temporaryFolder();
    chownSync(folder, 1000, 1000);
    expect(refusal(() => loadClusters(folder), folder)).toEqual({
      code: 7,
      msg: 'Cannot use folder of cluster files "DIR": it belongs to user 1000, want root',
      details: "run: chown root:root DIR",
    });
  });

  test("loadClusters() lets root's group write, and no other", () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o775);
    expect(loadClusters(folder)).toEqual([]);
    chownSync(folder, 0, 1000);
    expect(refusal(() => loadClusters(folder), folder)).toMatchObject({
      msg: 'Cannot use folder of cluster files "DIR": group 1000 can write to it (mode 0775)',
      details: "run: chmod go-w DIR",
    });
  });
});

describe("the files", () => {
  const cannot = 'Cannot use cluster file "DIR/a.json": ';

  test("loadClusters() refuses what is not a regular file", () => {
    const makers: [(path: string) => unknown, string][] = [
      [
        (path) => {
          mkdirSync(path);
        },
        "it is a folder, want a regular file",
      ],
      [
        (path) => execFileSync("mkfifo", ["-m", "600", path]),
        "it is a FIFO, want a regular file",
      ],
      [
        (path) => {
          symlinkSync("/dev/null", path);
        },
        "it is a device, want a regular file",
      ],
      [
        (path) => {
          symlinkSync("nowhere", path);
        },
        "it does not exist, or is a link to nothing",
      ],
      [
        (path) => {
          symlinkSync("a.json", path);
        },
        "its links lead in a circle",
      ],
      [
        (path) => {
          symlinkSync(".", path);
        },
        "it is a folder, want a regular file",
      ],
    ];
    for (const [make, fact] of makers) {
      const folder = temporaryFolder();
      make(join(folder, "a.json"));
      const { code, msg } = refusal(() => loadClusters(folder), folder);
      expect({ code, msg }).toEqual({ code: 7, msg: cannot + fact });
    }
  });

  test("loadClusters() refuses a socket", async () => {
    const folder = temporaryFolder();
    const server = createServer().listen(join(folder, "a.json"));
    await new Promise((resolve) => server.once("listening", resolve));
    const { code, msg } = refusal(() => loadClusters(folder), folder);
    server.close();
    expect({ code, msg }).toEqual({
      code: 7,
      msg: `${cannot}it is a socket, want a regular file`,
    });
  });

  test("loadClusters() refuses a file that others can change", () => {
    const folder = writeFiles(temporaryFolder(), { "a.json": a });
    chmodSync(join(folder, "a.json"), 0o666);
    expect(refusal(() => loadClusters(folder), folder)).toEqual({
      code: 7,
      msg: `${cannot}everyone can write to it (mode 0666)`,
      details: "run: chmod go-w DIR/a.json",
    });
    chmodSync(join(folder, "a.json"), 0o644);
    expect(loadClusters(folder)).toHaveLength(1);
    chownSync(join(folder, "a.json"), 1000, 0);
    expect(refusal(() => loadClusters(folder), folder)).toEqual({
      code: 7,
      msg: `${cannot}it belongs to user 1000, want root`,
      details: "run: chown root:root DIR/a.json",
    });
  });

  test("loadClusters() quotes a strange path in the command it proposes", () => {
    const folder = writeFiles(temporaryFolder(), { "it's a.json": a });
    chmodSync(join(folder, "it's a.json"), 0o602);
    expect(refusal(() => loadClusters(folder), folder).details).toBe(
      "run: chmod go-w 'DIR/it'\\''s a.json'",
    );
  });

  test("loadClusters() refuses what is too large, and what is not UTF-8", () => {
    const large = Buffer.alloc(4 * 1024 * 1024 + 1, " ");
    expect(refused({ "a.json": large }).msg).toBe(
      `${cannot}it is larger than 4194304 bytes`,
    );
    expect(refused({ "a.json": Uint8Array.of(0x7b, 0xff, 0x7d) }).msg).toBe(
      `${cannot}it is not UTF-8 text`,
    );
  });

  test("loadClusters() refuses a folder that is too large as a whole", () => {
    const padding = " ".repeat(4_000_000);
    const files = Object.fromEntries(
      Array.from({ length: 9 }, (_, i) => [
        `${i}.json`,
        `{"name":"c${i}"}${padding}`,
      ]),
    );
    expect(refused(files)).toEqual({
      code: 7,
      msg: 'Cannot use folder of cluster files "DIR": its files have more than 33554432 characters together',
      details: "keep nothing but cluster files there",
    });
  });

  test("loadClusters() says where a file stops being JSON", () => {
    expect(refused({ "a.json": '{\n  "name": "a",\n}\n' })).toEqual({
      code: 7,
      msg: `${cannot}it is not JSON at line 3, column 1: want a key in double quotes`,
      details: "correct that place",
    });
    expect(refused({ "a.json": "" }).msg).toBe(
      `${cannot}it is not JSON at line 1, column 1: the file ends here, want a value`,
    );
  });

  test("loadClusters() refuses a key that occurs twice", () => {
    expect(
      refused({
        "a.json": '{"name":"a","encryption":"esp","encryption":"none"}',
      }),
    ).toEqual({
      code: 7,
      msg: `${cannot}/encryption: its key occurs twice in the object`,
      details: "line 1, column 45; remove one of them",
    });
  });

  test("loadClusters() names the first of many good files that is bad", () => {
    const files = Object.fromEntries(
      Array.from({ length: 300 }, (_, i) => [
        `${String(i).padStart(3, "0")}.json`,
        { name: `c${i}`, podCIDRs: [`10.${i >> 8}.${i & 255}.0/24`] },
      ]),
    );
    const folder = writeFiles(temporaryFolder(), files);
    expect(loadClusters(folder)).toHaveLength(300);
    writeFileSync(join(folder, "250.json"), "{}");
    expect(refusal(() => loadClusters(folder), folder).msg).toBe(
      'Cannot use cluster file "DIR/250.json": /name: is missing',
    );
    renameSync(join(folder, "250.json"), join(folder, "250.off"));
    expect(loadClusters(folder)).toHaveLength(299);
  });
});
