import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { namespace } from "../../../support/namespace.ts";

const binary = fileURLToPath(
  new URL("../../../../dist/crosslink", import.meta.url),
);

/** An ADD on a node that is linked to nothing: it needs the addon, and gives prevResult back. */
const result = { cniVersion: "1.0.0", interfaces: [], ips: [], dns: {} };
const configuration = JSON.stringify({
  cniVersion: "1.0.0",
  name: "pods",
  type: "crosslink",
  clustersDir: "/mnt/clusters",
  prevResult: result,
});

/**
 * A machine where crosslink never ran, in mounts of its own: the binary in /mnt/bin, and /var/lib, /run, /tmp and
 * /dev/shm empty. `add` calls it with nothing in its environment but what the specification demands.
 */
const machine = `
  mount --make-rprivate /
  mount -t tmpfs tmpfs /mnt
  mkdir /mnt/bin /mnt/clusters
  touch /mnt/bin/crosslink
  mount --bind ${binary} /mnt/bin/crosslink
  for folder in /var/lib /run /tmp /dev/shm; do mount -t tmpfs -o mode=755 tmpfs $folder; done
  add() {
    env -i CNI_COMMAND=ADD CNI_CONTAINERID=c CNI_NETNS=/proc/self/ns/net CNI_IFNAME=eth0 CNI_PATH=/none "$@" \\
      /mnt/bin/crosslink <<'END'
${configuration}
END
  }
  forbid() { mount -o remount,"$1" "$2"; }
  unpacked() { (shopt -s nullglob dotglob; echo $1/*.node*); }
`;

function onMachine(script: string): { lines: string[]; status: number | null } {
  using scratch = namespace();
  const ran = spawnSync(
    "ip",
    ["netns", "exec", scratch.name, "bash", "--norc", "-ec", machine + script],
    { encoding: "utf8" },
  );
  if (ran.stderr !== "") console.error(ran.stderr);
  return {
    lines: ran.stdout.split("\n").filter(Boolean),
    status: ran.status,
  };
}

const passed = JSON.stringify(result);

describe("the addon inside of dist/crosslink", () => {
  beforeAll(() => {
    if (!existsSync(binary)) throw new Error(`No "${binary}": npm run build`);
  });

  test("is unpacked once, beside the executable", () => {
    const { lines } = onMachine(`
      add; unpacked /mnt/bin; stat -c %i:%a /mnt/bin/.*.node
      add; unpacked /mnt/bin; stat -c %i:%a /mnt/bin/.*.node`);
    const [first, file, inode, ...again] = lines;
    expect(first).toBe(passed);
    expect(file).toMatch(/^\/mnt\/bin\/\.crosslink-[0-9a-f]{16}\.node$/);
    expect(inode).toMatch(/:444$/);
    expect(again).toEqual([first, file, inode]);
  });

  test("goes to /var/lib where /run and /tmp are noexec and the rest is read-only", () => {
    const { lines } = onMachine(`
      forbid noexec /run; forbid noexec /tmp; forbid noexec /dev/shm; forbid ro /mnt
      cd /mnt/clusters
      add; unpacked /var/lib/crosslink; stat -c %a /var/lib/crosslink
      for folder in /mnt/bin /run/crosslink /tmp/crosslink /dev/shm/crosslink; do unpacked $folder; done`);
    expect(lines).toEqual([
      passed,
      expect.stringMatching(/^\/var\/lib\/crosslink\/\.crosslink-\w+\.node$/),
      "700",
    ]);
  });

  test("leaves no file on a noexec mount", () => {
    const { lines } = onMachine(`
      forbid ro /mnt; forbid noexec /var/lib; forbid noexec /run
      add; unpacked /var/lib/crosslink; unpacked /run/crosslink; unpacked /tmp/crosslink`);
    expect(lines).toEqual([
      passed,
      expect.stringMatching(/^\/tmp\/crosslink\//),
    ]);
  });

  test("names every folder and its fault where none will do", () => {
    const { lines, status } = onMachine(`
      forbid ro /mnt; forbid ro /var/lib; forbid noexec /run; chmod 777 /tmp; forbid ro /dev/shm
      add`);
    const error = JSON.parse(lines[0] ?? "") as Record<string, string>;
    expect(status).toBe(1);
    expect(error["code"]).toBe(5);
    expect(error["msg"]).toMatch(/^Cannot load the netlink addon: /);
    expect(error["details"]).toMatch(/\/mnt\/bin: EROFS/);
    expect(error["details"]).toMatch(/\/var\/lib\/crosslink: EROFS/);
    expect(error["details"]).toMatch(/\/run\/crosslink: .*failed to map/);
    expect(error["details"]).toMatch(/\/tmp": others may write to it/);
    expect(error["details"]).toMatch(/\/dev\/shm\/crosslink: EROFS/);
  });

  test("survives twenty first calls at the same moment", () => {
    const { lines } = onMachine(`
      for n in {1..20}; do add & done; wait
      unpacked /mnt/bin`);
    const answers = lines.slice(0, -1);
    expect(answers).toEqual(Array.from({ length: 20 }, () => passed));
    expect(lines.at(-1)).toMatch(
      /^\/mnt\/bin\/\.crosslink-[0-9a-f]{16}\.node$/,
    );
  });

  test.each([
    ["other content", "chmod 644 $file; echo evil >$file"],
    ["a file that others may write", "chmod 666 $file"],
    ["a file of another user", "chown 4242 $file"],
    ["a symbolic link", "mv $file /mnt/elsewhere; ln -s /mnt/elsewhere $file"],
    ["a truncated file", "truncate -s 100 $file"],
    ["a pipe", "rm $file; mkfifo $file"],
  ])("is replaced where it finds %s", (_what, tamper) => {
    const { lines } = onMachine(`
      add >/dev/null; file=$(unpacked /mnt/bin); sha256sum <$file
      ${tamper}
      add; stat -c '%F %u %a' $file; sha256sum <$file`);
    const [digest, answer, state, after] = lines;
    expect(answer).toBe(passed);
    expect(state).toBe("regular file 0 444");
    expect(after).toBe(digest);
  });

  test("stays out of a folder that others may write to", () => {
    const { lines } = onMachine(`
      chmod 777 /mnt/bin
      add; unpacked /mnt/bin; unpacked /var/lib/crosslink`);
    expect(lines).toEqual([
      passed,
      expect.stringMatching(/^\/var\/lib\/crosslink\//),
    ]);
  });

  test("is not touched by VERSION", () => {
    const { lines } = onMachine(`
      env -i CNI_COMMAND=VERSION /mnt/bin/crosslink </dev/null >/dev/null
      unpacked /mnt/bin; find /var/lib /run /tmp /dev/shm -name '*crosslink*'`);
    expect(lines).toEqual([]);
  });
});

test("dist/crosslink ignores NODE_OPTIONS", () => {
  const { lines } = onMachine(`
    echo 'require("node:fs").writeFileSync("/mnt/evil", "")' >/mnt/evil.cjs
    add NODE_OPTIONS=--require=/mnt/evil.cjs
    add NODE_OPTIONS=--no-such-option
    ls /mnt/evil 2>&1 || true`);
  expect(lines.slice(0, 2)).toEqual([passed, passed]);
  expect(lines[2]).toMatch(/No such file/);
});
