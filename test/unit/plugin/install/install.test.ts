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
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { install, uninstall } from "../../../../plugin/install/install.ts";

let root: string;
let full: string;

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
  const launcher = Buffer.from("launcher");
  install({ launcher, full }, { root, dropIn: false, ...options }, (sentence) =>
    told.push(sentence),
  );
  return told.map((sentence) => sentence.replaceAll(root, ""));
}

function doUninstall(
  options: { conflist?: string; force?: boolean } = {},
): string[] {
  const told: string[] = [];
  uninstall({ root, force: false, ...options }, (sentence) =>
    told.push(sentence),
  );
  return told.map((sentence) => sentence.replaceAll(root, ""));
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
      details: expect.stringContaining("conflist") as string,
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
