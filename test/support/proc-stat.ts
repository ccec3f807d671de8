import { readFileSync } from "node:fs";

/** A number of /proc/PID/status, in kB where it is memory: VmHWM is the most that was ever resident, VmRSS what is now. */
export function statusNumber(
  pid: number | undefined,
  name: "VmHWM" | "VmRSS" | "PPid",
): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
}

/**
 * A number of /proc/PID/stat or /proc/PID/task/TID/stat, by its place in proc(5), from 3: the second field is a name in
 * parentheses, and may hold anything.
 */
export function statField(file: string, place: number): number {
  const text = readFileSync(file, "utf8");
  return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[place - 3]);
}
