import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runInUml, umlMissing } from "../support/guest/uml.ts";

const missing = umlMissing();

describe.skipIf(missing !== undefined)(missing ?? "runInUml()", () => {
  test("gives status, output and the shared folder, and leaves the host's disk alone", async () => {
    const mark = `/etc/uml-${process.pid}`;
    const script = `touch ${mark} && ls ${mark}; echo "$WORD"; echo pcap > $EXCHANGE/file; printf end; exit 7`;
    const lines: string[] = [];
    let shared = "";
    const result = await runInUml({
      command: ["bash", "-c", script],
      environment: { WORD: "a b = c" },
      onOutput: (line) => lines.push(line),
      onExit: (exchange) => {
        shared = readFileSync(join(exchange, "file"), "utf8");
      },
    });
    expect(result).toEqual({ status: 7, output: `${mark}\na b = c\nend` });
    expect(lines.join("")).toBe(result.output);
    expect(shared).toBe("pcap\n");
    expect(existsSync(mark)).toBe(false);
  });

  test("ends a command that does not, and shows the console", async () => {
    const endless = runInUml({
      command: ["bash", "-c", "echo before; sleep 1000"],
      timeoutSeconds: 6,
    });
    await expect(endless).rejects.toThrow(
      /too long.*\nbefore\n.*6 s are over/su,
    );
  });
});
