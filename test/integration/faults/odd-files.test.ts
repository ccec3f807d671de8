import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  callBinary,
  type Ended,
  isOrderly,
  requireBinary,
} from "../../support/faults/call.ts";
import { count } from "../../support/faults/crowd.ts";
import {
  configuration,
  type FaultPod,
  faultSite,
  type FaultSite,
} from "../../support/faults/site.ts";

/** A call that waits for what never comes would take the 20 s after which it is ended. */
const HANGS_MS = 15_000;

let site: FaultSite;
let pod: FaultPod;

beforeAll(requireBinary);
beforeEach(() => {
  site = faultSite(1);
  pod = site.pods[0]!;
});
afterEach(() => {
  site[Symbol.dispose]();
});

async function add(): Promise<Ended> {
  const ended = await callBinary(site, { command: "ADD", pod });
  expect(isOrderly(ended), ended.stderr).toBe(true);
  expect(ended.milliseconds).toBeLessThan(HANGS_MS);
  return ended;
}

describe("clustersDir", () => {
  const places: Readonly<Record<string, [damage: () => void, words: string]>> =
    {
      "a FIFO among its files": [
        () => execFileSync("mkfifo", [join(site.clustersDir, "c.json")]),
        "a FIFO, want a regular file",
      ],
      "a loop of links among its files": [
        () => {
          symlinkSync("c.json", join(site.clustersDir, "d.json"));
          symlinkSync("d.json", join(site.clustersDir, "c.json"));
        },
        "links lead in a circle",
      ],
      "a link to nothing among its files": [
        () => {
          symlinkSync("nothing", join(site.clustersDir, "c.json"));
        },
        "link to nothing",
      ],
      "a link to a device among its files": [
        () => {
          symlinkSync("/dev/zero", join(site.clustersDir, "c.json"));
        },
        "a device, want a regular file",
      ],
      "a folder among its files": [
        () => {
          mkdirSync(join(site.clustersDir, "c.json"));
        },
        "a folder, want a regular file",
      ],
      "a file of 100 MB": [
        () => {
          execFileSync("truncate", [
            "-s",
            "100M",
            join(site.clustersDir, "c.json"),
          ]);
        },
        "larger than",
      ],
      "a file that anybody may write": [
        () => {
          chmodSync(join(site.clustersDir, "b.json"), 0o666);
        },
        "b.json",
      ],
      "a folder that anybody may write": [
        () => {
          chmodSync(site.clustersDir, 0o777);
        },
        "clusters.d",
      ],
      "a FIFO in the folder's place": [
        () => {
          rmSync(site.clustersDir, { recursive: true });
          execFileSync("mkfifo", [site.clustersDir]);
        },
        "it is not a folder",
      ],
      "a loop of links in the folder's place": [
        () => {
          rmSync(site.clustersDir, { recursive: true });
          symlinkSync("clusters.d", site.clustersDir);
        },
        "links lead in a circle",
      ],
    };

  it.each(Object.entries(places))(
    "%s is refused with code 7",
    async (_, [damage, words]) => {
      damage();
      const { answer } = await add();
      expect(answer).toMatchObject({ code: 7 });
      expect(`${answer?.msg} ${answer?.details}`).toContain(words);
    },
  );

  it("10,000 files of clusters that do not concern this node are served", async () => {
    for (let index = 0; index < 10_000; index++)
      site.writeCluster(`c${index}`, {
        podCIDRs: [`100.${64 + (index >> 8)}.${index & 255}.0/24`],
        encryption: "none",
        nodes: [
          { name: `n${index}`, ips: [`192.0.${index >> 8}.${index & 255}`] },
        ],
      });
    const ended = await callBinary(site, { command: "STATUS" });
    expect(isOrderly(ended), ended.stderr).toBe(true);
    expect(ended.stdout).toBe("");
    count("cluster files", 10_002, 0);
  });
});

describe("a file of the clusters folder that is passed over", () => {
  const warned = [
    /c\.JSON" is not read as a cluster file: .* rename it to "c\.json"/,
    /d\.yaml" is not read as a cluster file: .* convert it to JSON/,
  ];
  beforeEach(() => {
    for (const name of ["c.JSON", "d.yaml", "e.json~", "..data", "4913"])
      writeFileSync(join(site.clustersDir, name), "");
  });

  it.each([
    [["plan"], "stdout"],
    [["plan", "--json"], "stdout"],
    [["status"], "stdout"],
    [["status", "--json"], "stdout"],
    [["apply"], "stdout"],
    ["ADD", "stderr"],
    ["STATUS", "stderr"],
  ] as const)("is named by %s", async (command, stream) => {
    const ended = await callBinary(site, { command, pod });
    expect(ended.exitCode, ended.stdout).toBe(0);
    const text = ended[stream].replaceAll('\\"', '"');
    for (const words of warned) expect(text).toMatch(words);
    expect(text).not.toMatch(/e\.json~|\.\.data|4913/);
  });

  it("is named where nothing else is there, and where it is what is missing", async () => {
    const own = join(site.clustersDir, "a.json");
    renameSync(own, join(site.clustersDir, "a.yml"));
    const { answer } = await add();
    expect(answer).toMatchObject({ code: 7 });
    expect(answer?.details).toContain('a.yml" is not read');
    renameSync(
      join(site.clustersDir, "b.json"),
      join(site.clustersDir, "b.yml"),
    );
    for (const command of ["plan", "status"]) {
      const { stdout, stderr } = await callBinary(site, { command: [command] });
      expect(`${stdout}${stderr}`).toContain('b.yml" is not read');
    }
  });
});

describe("stdin", () => {
  it.each([
    ["10 MB of spaces", Buffer.alloc(10e6, " ")],
    ["10 MB of zeros", Buffer.alloc(10e6)],
    ["10 MB of JSON", Buffer.from(JSON.stringify({ a: "x".repeat(10e6) }))],
    ["a million brackets", Buffer.alloc(1e6, "[")],
    ["nothing", Buffer.alloc(0)],
  ])("%s is refused with code 6", async (_, config) => {
    const ended = await callBinary(site, { command: "ADD", pod, config });
    expect(isOrderly(ended), ended.stdout).toBe(true);
    expect(ended.answer?.code).toBe(6);
  });

  it("a prevResult of 100,000 levels is refused with code 6", async () => {
    const text = JSON.stringify(configuration(site, pod));
    const deep = `${"[".repeat(1e5)}${"]".repeat(1e5)}`;
    const config = Buffer.from(
      text.replace('"dns":{}', `"dns":{},"x":${deep}`),
    );
    const ended = await callBinary(site, { command: "ADD", pod, config });
    expect(ended.answer).toMatchObject({ code: 6 });
  });
});

describe("paths of a call", () => {
  it.each(["ADD", "DEL", "CHECK"])(
    "%s does not wait at a FIFO that CNI_NETNS names",
    async (command) => {
      const path = join(site.folder, "fifo");
      execFileSync("mkfifo", [path]);
      const nowhere = { cniVersion: "1.1.0", interfaces: [], ips: [], dns: {} };
      const ended = await callBinary(site, {
        command,
        pod: { ...pod, path },
        config: { prevResult: nowhere },
      });
      expect(isOrderly(ended), ended.stdout).toBe(true);
      expect(ended.milliseconds).toBeLessThan(HANGS_MS);
    },
  );

  it("ADD does not wait at a FIFO that logFile names, and says that it does not log", async () => {
    const logFile = join(site.folder, "fifo");
    execFileSync("mkfifo", [logFile]);
    const ended = await callBinary(site, {
      command: "ADD",
      pod,
      config: { logFile },
    });
    expect(ended.exitCode).toBe(0);
    expect(ended.stderr).toContain("Cannot write logFile");
  });

  it("a keyring that is a FIFO is refused with code 7", async () => {
    site.writeCluster("c", {
      podCIDRs: ["10.3.0.0/16"],
      nodes: [{ name: "n", ips: ["172.17.3.2"] }],
    });
    writeFileSync(site.keyring, "");
    rmSync(site.keyring);
    execFileSync("mkfifo", ["-m", "600", site.keyring]);
    expect((await add()).answer).toMatchObject({ code: 7 });
  });
});
