import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { install, uninstall } from "../../../../plugin/install/install.ts";

let root: string;
let full: string;
/** What was good to know of the last call. */
let notes: string[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "crosslink-install-"));
  full = join(root, "crosslink");
  writeFileSync(full, "full binary", { mode: 0o755 });
  mkdirSync(join(root, "etc/cni/net.d"), { recursive: true });
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

const inRoot = (...path: string[]): string => join(root, ...path);
const bin = (name: string): string => inRoot("opt/cni/bin", name);
const conflist = (name: string): string => inRoot("etc/cni/net.d", name);

const base = { cniVersion: "1.0.0", name: "pods", plugins: [{ type: "ptp" }] };
const text = `${JSON.stringify(base, undefined, 2)}\n`;

function doInstall(
  options: { conflist?: string; dropIn?: boolean } = {},
): string[] {
  const told: string[] = [];
  notes = [];
  const launcher = Buffer.from("launcher");
  install(
    { launcher, full },
    { root, dropIn: false, ...options },
    (sentence, kind) => {
      (kind === "note" ? notes : told).push(sentence.replaceAll(root, ""));
    },
  );
  return told;
}

function doUninstall(
  options: { conflist?: string; force?: boolean } = {},
): string[] {
  const told: string[] = [];
  notes = [];
  uninstall({ root, force: false, ...options }, (sentence, kind) => {
    (kind === "note" ? notes : told).push(sentence.replaceAll(root, ""));
  });
  return told;
}

function errorOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("It did not fail");
}

function typesIn(path: string): string[] {
  const { plugins } = JSON.parse(readFileSync(path, "utf8")) as typeof base;
  return plugins.map(({ type }) => type);
}

describe("install()", () => {
  it("puts the programs there first, and appends to the conflist last", () => {
    writeFileSync(conflist("10-pods.conflist"), text);
    expect(doInstall()).toEqual([
      "Wrote /opt/cni/bin/crosslink.full",
      "Wrote /opt/cni/bin/crosslink",
      "Wrote /opt/cni/bin/crosslink-ipam",
      "Appended crosslink to /etc/cni/net.d/10-pods.conflist",
    ]);
    expect(readFileSync(bin("crosslink"), "utf8")).toBe("launcher");
    expect(readFileSync(bin("crosslink.full"), "utf8")).toBe("full binary");
    expect(readlinkSync(bin("crosslink-ipam"))).toBe("crosslink");
    expect(statSync(bin("crosslink")).mode & 0o7777).toBe(0o755);
    expect(typesIn(conflist("10-pods.conflist"))).toEqual(["ptp", "crosslink"]);
    expect(readdirSync(inRoot("opt/cni/bin"))).toHaveLength(3);
    expect(readdirSync(inRoot("etc/cni/net.d"))).toHaveLength(1);
  });

  it("changes nothing the second time, and mends what is wrong the third", () => {
    writeFileSync(conflist("10-pods.conflist"), text);
    doInstall();
    expect(doInstall()).toEqual([]);
    writeFileSync(bin("crosslink"), "an old one");
    chmodSync(bin("crosslink.full"), 0o644);
    rmSync(bin("crosslink-ipam"));
    writeFileSync(conflist("10-pods.conflist"), text);
    expect(doInstall()).toHaveLength(4);
    expect(doInstall()).toEqual([]);
  });

  it("keeps the conflist's mode, and a link to it", () => {
    writeFileSync(inRoot("real"), text, { mode: 0o600 });
    symlinkSync(inRoot("real"), conflist("10-pods.conflist"));
    doInstall();
    expect(lstatSync(conflist("10-pods.conflist")).isSymbolicLink()).toBe(true);
    expect(statSync(inRoot("real")).mode & 0o7777).toBe(0o600);
    expect(typesIn(inRoot("real"))).toEqual(["ptp", "crosslink"]);
  });

  it("takes the conflist that the runtime takes, or the one named", () => {
    writeFileSync(conflist("00-broken.conflist"), "{");
    for (const name of ["10-a.conflist", "20-b.conflist"])
      writeFileSync(conflist(name), text);
    doInstall();
    expect(typesIn(conflist("10-a.conflist"))).toEqual(["ptp", "crosslink"]);
    expect(typesIn(conflist("20-b.conflist"))).toEqual(["ptp"]);
    doInstall({ conflist: "/etc/cni/net.d/20-b.conflist" });
    doInstall({ conflist: conflist("20-b.conflist") });
    expect(typesIn(conflist("20-b.conflist"))).toEqual(["ptp", "crosslink"]);
  });

  it("says what to do where there is no conflist, or one for a single plugin", () => {
    expect(errorOf(doInstall)).toMatchObject({
      code: 7,
      details: expect.stringContaining("again") as string,
    });
    writeFileSync(conflist("10-pods.conf"), '{"type":"ptp","name":"pods"}');
    expect(errorOf(doInstall)).toMatchObject({
      code: 7,
      message: expect.stringMatching(
        /it is for one plugin \("type": "ptp"\).* Make it a list: jq .*\.conflist/,
      ) as string,
    });
    expect(readFileSync(conflist("10-pods.conf"), "utf8")).toBe(
      '{"type":"ptp","name":"pods"}',
    );
  });

  it("drops a file in, where the conflist is to stay as it is", () => {
    writeFileSync(conflist("10-pods.conflist"), text);
    expect(doInstall({ dropIn: true })).toContain(
      "Wrote /etc/cni/net.d/pods/99-crosslink.conf",
    );
    expect(doInstall({ dropIn: true })).toEqual([]);
    expect(readFileSync(conflist("10-pods.conflist"), "utf8")).toBe(text);
    expect(
      JSON.parse(readFileSync(conflist("pods/99-crosslink.conf"), "utf8")),
    ).toEqual({ type: "crosslink" });
  });

  it.each([
    [{ ...base, name: "../pods" }, "name"],
    [{ ...base, loadOnlyInlinedPlugins: true }, "loadOnlyInlinedPlugins"],
  ])(
    "drops nothing in beside a conflist that does not take it",
    (value, fact) => {
      writeFileSync(conflist("10-pods.conflist"), JSON.stringify(value));
      expect(errorOf(() => doInstall({ dropIn: true }))).toMatchObject({
        code: 7,
        message: expect.stringContaining(fact) as string,
      });
    },
  );
});

/** What lies in the folder beside, or in place of, one conflist; and what is said of it. */
const FOLDERS: Readonly<
  Record<string, [files: Record<string, unknown>, says: RegExp]>
> = {
  "one conflist": [
    { "10-pods.conflist": base },
    /^Took \/etc\/cni\/net.d\/10-pods.conflist: it is the only configuration/,
  ],
  "several, and files that are none": [
    { "10-pods.conflist": base, "20-b.conflist": base, "00-notes.txt": "x" },
    /^Took .*10-pods.conflist: of 2 configurations .* the first by name/,
  ],
  "a broken one first in order": [
    { "00-a.conflist": "{", "10-pods.conflist": base },
    /^Passed over .*00-a.conflist: it is not JSON at line 1.* mend it/,
  ],
  "an empty one first in order": [
    { "00-a.conf": "", "10-pods.conflist": base },
    /^Passed over .*00-a.conf: it is empty\./,
  ],
  "one that is no object first in order": [
    { "00-a.json": "[]", "10-pods.conflist": base },
    /^Passed over .*00-a.json: it is JSON, but no object\./,
  ],
  "one that is too large": [
    { "00-a.json": " ".repeat(2 ** 20 + 1), "10-pods.conflist": base },
    /^Passed over .*00-a.json: it is larger than 1048576 bytes\./,
  ],
  "Multus' before": [
    {
      "00-multus.conf": { name: "multus", type: "multus-shim" },
      "10-pods.conflist": base,
    },
    /^Took .*10-pods.conflist: .*00-multus.conf is Multus'/,
  ],
  "Multus' list before, which names a network": [
    {
      "00-multus.conflist": {
        plugins: [
          { type: "multus", clusterNetwork: "/etc/cni/net.d/20-pods.conflist" },
        ],
      },
      "10-b.conflist": base,
      "20-pods.conflist": base,
    },
    /^Took .*20-pods.conflist: .*00-multus.conflist is Multus'/,
  ],
};

describe("install(), of the folder that it finds", () => {
  const write = (files: Record<string, unknown>): void => {
    for (const [name, value] of Object.entries(files))
      writeFileSync(
        conflist(name),
        typeof value === "string" ? value : JSON.stringify(value),
      );
  };

  it.each(Object.entries(FOLDERS))(
    "with %s: says so, and takes one",
    (_, [files, says]) => {
      write(files);
      const pods = Object.keys(files).find((name) => name.includes("pods"))!;
      expect(doInstall()).toContain(
        `Appended crosslink to /etc/cni/net.d/${pods}`,
      );
      expect(notes).toContainEqual(expect.stringMatching(says));
      expect(typesIn(conflist(pods))).toEqual(["ptp", "crosslink"]);
    },
  );

  it("does not wait at a FIFO, and names it", () => {
    execFileSync("mkfifo", [conflist("00-a.conflist")]);
    symlinkSync("nothing", conflist("01-a.conflist"));
    write({ "10-pods.conflist": base });
    doInstall();
    expect(notes).toContainEqual(expect.stringContaining("it is a FIFO"));
    expect(notes).toContainEqual(expect.stringContaining("a link to nothing"));
    doUninstall();
    expect(typesIn(conflist("10-pods.conflist"))).toEqual(["ptp"]);
  });

  const ours = { type: "crosslink", snat: "off" };
  const [ptp, portmap] = [{ type: "ptp" }, { type: "portmap" }];
  it.each([
    ["not last", [ptp, ours, portmap], /^Moved crosslink to the end of /],
    ["twice", [ptp, ours, portmap, ours], /^Left one crosslink of 2 in /],
  ])("with crosslink %s: makes it the last, once", (_, plugins, says) => {
    write({ "10-pods.conflist": { ...base, plugins } });
    expect(doInstall()).toContainEqual(expect.stringMatching(says));
    const { plugins: left } = JSON.parse(
      readFileSync(conflist("10-pods.conflist"), "utf8"),
    ) as typeof base;
    expect(left).toEqual([ptp, portmap, ours]);
    expect(doInstall()).toEqual([]);
    expect(notes).toContainEqual(expect.stringContaining("already"));
  });

  it.each([
    [{}, /no file there ends in \.conflist/],
    [{ "README.txt": "x" }, /no file there ends in \.conflist/],
    [{ "10-a.conflist": "{" }, /10-a.conflist" cannot be used: it is not JSON/],
    [{ "00-multus.conf": { type: "multus" } }, /only Multus' own/],
    [{ "10-a.conflist": { plugins: [] } }, /it has no "plugins"/],
    [{ "10-a.conflist": { plugins: [ours] } }, /no plugin before crosslink/],
    [{ "10-a.conf": { type: "bridge" } }, /it is for one plugin/],
    [{ "00-lo.conf": { type: "loopback" } }, /no network of pods/],
    [{ "10-a.conflist": { plugins: ["ptp"] } }, /\/plugins\/0 is no object/],
    [
      { "10-a.conflist": { ...base, plugins: [{ type: "ptp" }, { type: 1 }] } },
      /\/plugins\/1 is no object with a "type"/,
    ],
    [{ "10-a.conflist": { plugins: [{ type: "ptp" }] } }, /it has no "name"/],
    [
      { "10-a.conflist": { ...base, cniVersion: "9.9.9" } },
      /does not speak its "cniVersion" "9\.9\.9": want one of 0\.1\.0/,
    ],
    ...["macvlan", "ipvlan", "host-device", "sriov"].map(
      (type): [object, RegExp] => [
        {
          "10-a.conflist": { ...base, plugins: [{ type }, { type: "tuning" }] },
        },
        /gives pods no end on the node/,
      ],
    ),
  ])("refuses %j", (files, says) => {
    write(files);
    expect(errorOf(doInstall)).toMatchObject({
      code: 7,
      message: expect.stringMatching(says) as string,
    });
  });

  it.each([
    [
      "etc/containerd/config.toml",
      'bin_dir = "/usr/lib/cni"',
      /plugins are in/,
    ],
    [
      "etc/containerd/config.toml",
      "bin_dirs = [\n '/usr/lib/cni',\n]",
      /plugins are in "\/usr\/lib\/cni".* ln -sf /,
    ],
    [
      "etc/containerd/config.toml",
      'conf_dir = "/etc/cni/other"',
      /conflists are in "\/etc\/cni\/other".* --conflist \/etc\/cni\/other/,
    ],
    [
      "etc/crio/crio.conf.d/10-a.conf",
      'network_dir = "/etc/cni/other"',
      /conflists are in/,
    ],
  ])("says where %s has it by %s", (file, line, says) => {
    write({ "10-pods.conflist": base });
    mkdirSync(dirname(inRoot(file)), { recursive: true });
    writeFileSync(
      inRoot(file),
      `[plugins.cni]\n  # bin_dir = "/x"\n  ${line}\n`,
    );
    doInstall();
    expect(notes).toContainEqual(expect.stringMatching(says));
    writeFileSync(
      inRoot(file),
      'bin_dir = "/opt/cni/bin"\nconf_dir = "/etc/cni/net.d/"\n',
    );
    doInstall();
    expect(notes).toHaveLength(2);
  });
});

describe("uninstall()", () => {
  it("undoes install, the conflist first and to the byte", () => {
    writeFileSync(conflist("10-pods.conflist"), text);
    doInstall();
    writeFileSync(bin(".crosslink-0123456789abcdef.node"), "unpacked");
    writeFileSync(bin("ptp"), "another's");
    expect(doUninstall()).toEqual([
      "Took crosslink out of /etc/cni/net.d/10-pods.conflist",
      "Removed /opt/cni/bin/crosslink-ipam",
      "Removed /opt/cni/bin/crosslink",
      "Removed /opt/cni/bin/crosslink.full",
      "Removed /opt/cni/bin/.crosslink-0123456789abcdef.node",
    ]);
    expect(readFileSync(conflist("10-pods.conflist"), "utf8")).toBe(text);
    expect(readdirSync(inRoot("opt/cni/bin"))).toEqual(["ptp"]);
    expect(doUninstall()).toEqual([]);
  });

  it("takes crosslink out of every conflist, whatever else is in the folder", () => {
    writeFileSync(conflist("00-broken.conflist"), "{");
    writeFileSync(conflist("30-one.conf"), '{"type":"ptp"}');
    writeFileSync(conflist("10-pods.conflist"), text);
    doInstall();
    doInstall({ dropIn: true });
    writeFileSync(
      conflist("20-more.conflist"),
      readFileSync(conflist("10-pods.conflist")),
    );
    doUninstall();
    expect(typesIn(conflist("10-pods.conflist"))).toEqual(["ptp"]);
    expect(typesIn(conflist("20-more.conflist"))).toEqual(["ptp"]);
    expect(existsSync(conflist("pods"))).toBe(false);
  });

  it("keeps the programs as long as a network takes its addresses from crosslink-ipam", () => {
    const plugins = [{ type: "ptp", ipam: { type: "crosslink-ipam" } }];
    writeFileSync(
      conflist("10-pods.conflist"),
      JSON.stringify({ ...base, plugins }),
    );
    doInstall();
    expect(errorOf(doUninstall)).toMatchObject({
      code: 11,
      details: expect.stringContaining("10-pods.conflist") as string,
    });
    expect(typesIn(conflist("10-pods.conflist"))).toEqual(["ptp"]);
    expect(existsSync(bin("crosslink"))).toBe(true);
  });

  it("keeps the programs for pods that a runtime will delete by the conflist of their ADD", () => {
    writeFileSync(conflist("10-pods.conflist"), text);
    doInstall();
    const config = readFileSync(conflist("10-pods.conflist")).toString(
      "base64",
    );
    mkdirSync(inRoot("var/lib/cni/results"), { recursive: true });
    const cached = (name: string, content: string): void => {
      writeFileSync(inRoot("var/lib/cni/results", name), content);
    };
    cached("pods-c1-eth0", JSON.stringify({ kind: "cniCacheV1", config }));
    cached(
      "pods-c2-eth0",
      JSON.stringify({
        kind: "cniCacheV1",
        config: Buffer.from(text).toString("base64"),
      }),
    );
    cached("pods-c3-eth0", "{");
    const refusal = errorOf(doUninstall) as { details: string };
    expect(refusal).toMatchObject({
      code: 11,
      details: expect.stringContaining("pods-c1-eth0") as string,
    });
    expect(refusal.details).not.toContain("pods-c2");
    expect(existsSync(bin("crosslink"))).toBe(true);
    expect(doUninstall({ force: true })).toHaveLength(3);
  });
});
