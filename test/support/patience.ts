import { join } from "node:path";

/** A folder of legacy iptables' programs, which wait for the lock that another one has. */
export const PATIENT = join(import.meta.dirname, "patient");

/** This process's environment, for a program that may call legacy iptables: files and nodes run beside each other. */
export function patientEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${PATIENT}:${process.env["PATH"] ?? ""}` };
}
