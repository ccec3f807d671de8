import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Guest, type GuestResult, runGuest } from "./guest.ts";

const SCRIPT = join(import.meta.dirname, "qemu.sh");
const PACKAGES =
  "qemu-system-x86 linux-image-cloud-amd64 busybox-static cpio kmod";

/** The reason why no guest can run on this machine, or undefined when one can. */
export function qemuMissing(): string | undefined {
  const programs = ["/usr/bin/qemu-system-x86_64", "/bin/busybox"];
  const missing = programs.find((program) => !existsSync(program));
  if (missing === undefined && kernels().length > 0) return undefined;
  return `${missing ?? "Debian's cloud kernel"} is missing: apt-get install ${PACKAGES}`;
}

/**
 * Runs a command in QEMU, emulated: Debian's cloud kernel, with ESP, nf_tables and two slow CPUs. See runGuest(); the
 * guest's modules are the host's own files.
 */
export function runInQemu(guest: Guest): Promise<GuestResult> {
  const kernel = kernels().at(-1) ?? "";
  return runGuest(
    {
      name: "QEMU",
      start: (exchange, { seconds, megabytes }) => [
        SCRIPT,
        kernel,
        exchange,
        `${seconds}`,
        `${megabytes}`,
      ],
    },
    guest,
  );
}

/** Versions of installed cloud kernels, the newest last. */
function kernels(): string[] {
  if (!existsSync("/lib/modules")) return [];
  return readdirSync("/lib/modules")
    .filter((name) => existsSync(`/boot/vmlinuz-${name}`))
    .filter((name) => name.includes("cloud"))
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}
