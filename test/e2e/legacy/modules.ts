import { writeFileSync } from "node:fs";

/** From now on the kernel has what was loaded: it would load by itself what it finds missing. */
export function loadNothing(): void {
  writeFileSync("/proc/sys/kernel/modprobe", "/bin/false");
}
