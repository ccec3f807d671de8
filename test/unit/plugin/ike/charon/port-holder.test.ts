import {
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { portHolder } from "../../../../../plugin/ike/charon/port-holder.ts";

const HEADING =
  "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops";

function socketLine(port: number, inode: number): string {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return `  123: 00000000:${hex} 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 ${String(inode)} 2 0000000000000000 0`;
}

function withProc(udp: readonly string[], check: (proc: string) => void): void {
  const proc = mkdtempSync(join(tmpdir(), "crosslink-proc-"));
  try {
    mkdirSync(join(proc, "net"));
    mkdirSync(join(proc, "77/fd"), { recursive: true });
    writeFileSync(join(proc, "77/comm"), "pluto\n");
    symlinkSync("socket:[4711]", join(proc, "77/fd/5"));
    writeFileSync(join(proc, "net/udp"), `${[HEADING, ...udp].join("\n")}\n`);
    check(proc);
  } finally {
    rmSync(proc, { recursive: true });
  }
}

describe("portHolder()", () => {
  it("names who holds UDP 500 or 4500", () => {
    for (const port of [500, 4500])
      withProc([socketLine(53, 1), socketLine(port, 4711)], (proc) => {
        expect(portHolder(proc)).toEqual({ port, pid: 77, program: "pluto" });
      });
  });

  it("finds nobody where the ports are free", () => {
    withProc([socketLine(53, 4711)], (proc) => {
      expect(portHolder(proc)).toBeUndefined();
    });
  });

  it("tells of a holder that it cannot find", () => {
    withProc([socketLine(500, 9)], (proc) => {
      expect(portHolder(proc)).toEqual({
        port: 500,
        pid: undefined,
        program: "unknown",
      });
    });
  });
});
