import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { callBinary, requireBinary } from "../../support/faults/call.ts";
import { faultSite, type FaultSite } from "../../support/faults/site.ts";

let site: FaultSite;

beforeAll(() => {
  requireBinary();
  site = faultSite(1, {
    podCIDRs: ["10.9.0.0/16"],
    nodes: [{ name: "far", ips: ["192.0.2.9"], podCIDRs: ["10.9.0.0/24"] }],
  });
});
afterAll(() => {
  site[Symbol.dispose]();
});

/** Files that a call makes, with the mode that each is made with, as strace shows them; under a umask that hides nothing. */
async function made(...words: readonly string[]): Promise<[string, string][]> {
  const trace = join(site.folder, "trace");
  const open =
    /^(?:\d+ +)?open(?:at)?\(.*?"([^"]+)", \S*O_CREAT\S*, (0\d*)\)/gmu;
  await callBinary(site, {
    command: words,
    through: [
      ...["sh", "-c", 'umask 0; exec "$@"', "sh"],
      ...["strace", "-f", "-qqq", "-e", "trace=open,openat", "-o", trace],
    ],
  });
  return [...readFileSync(trace, "utf8").matchAll(open)].map(
    ([, path = "", mode = ""]) => [path, mode],
  );
}

it("no file is anybody else's to write, nor a secret's to read, before it has its name", async () => {
  const keyring = await made("keygen", "--rotate");
  const state = await made("apply");
  expect(keyring.map(([path]) => path).join()).toContain(".keyring");
  expect(state.map(([path]) => path).join()).toContain("fence.json");
  const open = [...keyring, ...state].filter(
    ([path, mode]) =>
      (Number.parseInt(mode, 8) & 0o077) !== 0 && !path.startsWith("/proc/"),
  );
  expect(open).toEqual([]);
});
