import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GUEST_SOCKET } from "./ask.ts";
import { type Booter, booter } from "./booter.ts";
import { SCENE_MODULES } from "./modules.ts";
import { residentGuest } from "./resident.ts";
import { serveGuest } from "./serve.ts";

/**
 * What this process and its children play in a guest shares one, until the function that this returns is called. Vitest
 * calls it once a run, before its workers start.
 */
export default function shareGuest(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "guest-run-"));
  const socket = join(folder, "socket");
  const resident = residentGuest({ modules: SCENE_MODULES }, telling(booter()));
  const served = serveGuest(resident, socket);
  process.env[GUEST_SOCKET] = socket;
  return () => {
    served[Symbol.dispose]();
    resident[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  };
}

function telling(start: Booter): Booter {
  return async (options) => {
    const started = performance.now();
    const guest = await start(options);
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    console.log(
      `guest: ${guest.accelerator === "kvm" ? "by KVM" : "emulated"}, ready after ${seconds} s`,
    );
    return guest;
  };
}
