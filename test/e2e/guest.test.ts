import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { booter } from "../support/guest/booter.ts";
import { guestMissing } from "../support/guest/machine.ts";
import { runInGuest } from "../support/guest/program.ts";
import { residentGuest } from "../support/guest/resident.ts";
import { until } from "../support/until.ts";

const missing = guestMissing();

describe.skipIf(missing !== undefined)(missing ?? "runInGuest()", () => {
  test("gives status and output as it comes, and leaves the host's disk alone", async () => {
    const mark = `/etc/guest-${process.pid}`;
    const script = `touch ${mark} && ls ${mark}; echo "$WORD"; echo to stderr >&2; printf end; exit 7`;
    const lines: string[] = [];
    const result = await runInGuest(
      {
        command: ["bash", "-c", script],
        environment: { WORD: "a b = c" },
        seconds: 300,
      },
      (line) => lines.push(line),
    );
    expect(result).toMatchObject({
      status: 7,
      output: `${mark}\na b = c\nto stderr\nend`,
    });
    expect(lines.join("")).toBe(result.output);
    expect(existsSync(mark)).toBe(false);
  });

  test("parts scenes: names, files, processes and what they leave running are their own", async () => {
    const script = `ls /run/netns /etc/left 2>/dev/null; ip netns add same; touch /etc/left; sleep 9999 & pgrep -c sleep`;
    const scene = { command: ["bash", "-c", script], seconds: 300 };
    const [first, second] = await Promise.all([
      runInGuest(scene),
      runInGuest(scene),
    ]);
    const third = await runInGuest(scene);
    for (const { output, status } of [first, second, third]) {
      expect(status).toBe(0);
      expect(output.trim()).toMatch(/^(\/run\/netns:\n)?1$/);
    }
  });

  test("kills a scene whose time is over, with all that it has started", async () => {
    const script =
      "setsid sleep 9999 & trap '' TERM INT; echo before; sleep 9999";
    const result = await runInGuest({
      command: ["bash", "-c", script],
      seconds: 60,
    });
    expect(result).toMatchObject({ status: 137, output: "before\n" });
  });
});

test("a scene sees nothing of what this machine's nodes remember", () => {
  const folder = mkdtempSync(join(tmpdir(), "room-"));
  const command = join(folder, "command");
  writeFileSync(command, "ls\0-A\0/var/lib/crosslink\0");
  const room = join(import.meta.dirname, "../support/guest/room.sh");
  const script = `mkdir -p /var/lib/crosslink && mount -t tmpfs tmpfs /var/lib/crosslink &&
    touch /var/lib/crosslink/fence.json && ls /var/lib/crosslink &&
    unshare --mount --net --pid --ipc --uts --fork ${room} "" ${command}`;
  const seen = execFileSync("unshare", ["--mount", "bash", "-c", script]);
  expect(seen.toString()).toBe("fence.json\n");
  rmSync(folder, { recursive: true });
});

describe.skipIf(missing !== undefined)(missing ?? "a guest that hangs", () => {
  test("is ended, with its scene's output in the error, and the next scene has another", async () => {
    using resident = residentGuest({ modules: [] }, booter(undefined, false));
    const crash = "echo last words; sleep 1; echo c >/proc/sysrq-trigger";
    const scene = (script: string) => ({
      command: ["bash", "-c", script],
      seconds: 100,
    });
    await expect(resident.run(scene(crash))).rejects.toThrow(
      /guest is gone.*last words/s,
    );
    expect(await resident.run(scene("echo again"))).toMatchObject({
      status: 0,
      output: "again\n",
    });
  });
});

describe.skipIf(missing !== undefined)(
  missing ?? "a guest whose keeper is killed",
  () => {
    test("leaves no process behind", async () => {
      const folder = mkdtempSync(join(tmpdir(), "guest-killed-"));
      const program = join(import.meta.dirname, "guest/waiting.ts");
      const keeper = spawn(process.execPath, [program], {
        env: { ...process.env, TMPDIR: folder },
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(keeper.stdout, "data");
      const running = commandLinesWith(folder).join("\n");
      expect(running).toContain("qemu-system");
      expect(running).toContain("virtiofsd");
      // Nothing that the keeper could do itself.
      keeper.kill("SIGKILL");
      await until(() => commandLinesWith(folder).length === 0, {
        describe: () => commandLinesWith(folder).join("\n"),
      });
      rmSync(folder, { recursive: true });
    });
  },
);

function commandLinesWith(word: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(commandLine)
    .filter((line) => line.includes(word));
}

/** Empty where the process has ended meanwhile. */
function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
