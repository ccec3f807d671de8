import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type Guest,
  type GuestResult,
  type Limits,
  runGuest,
} from "./guest.ts";

const KERNEL = "/usr/bin/linux.uml";
const INIT = join(import.meta.dirname, "uml-init.sh");

/** The reason why no guest can run on this machine, or undefined when one can. */
export function umlMissing(): string | undefined {
  return existsSync(KERNEL)
    ? undefined
    : `${KERNEL} is missing: apt-get install user-mode-linux kmod`;
}

/** Runs a command in User Mode Linux: boots in seconds, and has ESP, legacy iptables and one CPU. See runGuest(). */
export function runInUml(guest: Guest): Promise<GuestResult> {
  return runGuest({ name: "User Mode Linux", start }, guest);
}

function start(
  exchange: string,
  { seconds, megabytes }: Limits,
): [string, ...string[]] {
  return [
    KERNEL,
    `mem=${megabytes}M`,
    "rootfstype=hostfs",
    "ro",
    `init=${INIT}`,
    `exchange=${exchange}`,
    `seconds=${seconds}`,
    `uml_dir=${exchange}/`,
    "umid=guest",
    "con=null",
    "con0=fd:0,fd:1",
    "quiet",
    "panic=1",
  ];
}
