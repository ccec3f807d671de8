import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { binary } from "../../../support/binary.ts";
import { requireBinary } from "../../../support/faults/call.ts";

let root: string;

beforeAll(requireBinary);
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "crosslink-install-"));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

/** What `crosslink install` says below a root that a script has prepared, in a mount namespace of their own. */
function install(script: string): { status: number | null; stderr: string } {
  const prepare = `mount -t tmpfs -o size=400m tmpfs "$ROOT"
    mkdir -p "$ROOT/etc/cni/net.d" "$ROOT/opt/cni/bin"
    echo '{"cniVersion":"1.0.0","name":"p","plugins":[{"type":"ptp"}]}' >"$ROOT/etc/cni/net.d/10-p.conflist"`;
  return spawnSync(
    "unshare",
    [
      ...["--mount", "sh", "-c"],
      `set -e; ${prepare}; ${script}; exec "$CROSSLINK" install --root "$ROOT"`,
    ],
    {
      encoding: "utf8",
      env: { ...process.env, ROOT: root, CROSSLINK: binary },
    },
  );
}

const READ_ONLY = 'mount --bind "$DIR" "$DIR"; mount -o remount,ro,bind "$DIR"';

it.each([
  [
    "a folder of programs that is mounted read-only",
    `DIR=$ROOT/opt/cni/bin; ${READ_ONLY}`,
    'opt/cni/bin": it is mounted read-only\n  make it writable: mount -o remount,rw ',
  ],
  [
    "a folder of conflists that is",
    `DIR=$ROOT/etc/cni/net.d; ${READ_ONLY}`,
    'etc/cni/net.d": it is mounted read-only\n  make it writable: mount -o remount,rw ',
  ],
  [
    "a full disk",
    'mount -t tmpfs -o size=5m tmpfs "$ROOT/opt/cni/bin"',
    'opt/cni/bin": there is no space left\n  crosslink takes about 120 MB: make room (df -h ',
  ],
  [
    "a file in place of the programs' folder",
    'rmdir "$ROOT/opt/cni/bin"; touch "$ROOT/opt/cni/bin"',
    'opt/cni/bin": it is a file\n  move that out of the way: mv ',
  ],
  [
    "a file in place of the conflists' folder",
    'rm -r "$ROOT/etc/cni/net.d"; touch "$ROOT/etc/cni/net.d"',
    'etc/cni/net.d": it is a file\n  move that out of the way: mv ',
  ],
  ...(["opt/cni", "opt"] as const).map((file): [string, string, string] => [
    `a file in the path of the programs' folder: ${file}`,
    `rm -r "$ROOT/${file}"; touch "$ROOT/${file}"`,
    `/${file}" on its path is a file\n  a folder has to be there: find out whose file that is (ls -l `,
  ]),
  [
    "a file in the path of the conflists' folder",
    'rm -r "$ROOT/etc/cni"; touch "$ROOT/etc/cni"',
    '/etc/cni" on its path is a file\n  a folder has to be there: ',
  ],
  [
    "a root that is not there",
    "ROOT=$ROOT/host",
    "host\": there is no such folder\n  --root is where the node's root is mounted",
  ],
])("install says what to do about %s", (_, script, words) => {
  const { status, stderr } = install(script);
  expect(stderr).toContain(words);
  expect(stderr).toMatch(/^crosslink: Cannot install (?:into|below) "/);
  expect(status).toBe(1);
});

it("install leaves nothing unfinished where the disk is full", () => {
  const { stderr } = install(
    'mount -t tmpfs -o size=5m tmpfs "$ROOT/opt/cni/bin"; "$CROSSLINK" install --root "$ROOT" || ls -A "$ROOT/opt/cni/bin" | sed "s/^/left: /" >&2',
  );
  expect(stderr.match(/no space left/g)).toHaveLength(2);
  expect(stderr).not.toContain("left: ");
});
