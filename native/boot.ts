import { readFileSync } from "node:fs";

/** The kernel's name for this boot, a UUID: it changes with every boot and does not depend on a clock (drivers/char/random.c). */
export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}
