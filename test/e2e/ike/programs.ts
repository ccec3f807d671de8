import { existsSync } from "node:fs";

/** Which of charon's programs this machine lacks, and the packages that have them; undefined where it has all. */
export function charonMissing(): string | undefined {
  return ["/usr/sbin/charon-systemd", "/usr/sbin/swanctl"]
    .filter((program) => !existsSync(program))
    .map((program) => `no ${program} (charon-systemd, strongswan-swanctl)`)[0];
}
