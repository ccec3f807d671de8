import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { hasModule } from "./modules.ts";

/** What carries a guest's instructions out: the processor itself, or QEMU's emulation of one. */
export type Accelerator = "kvm" | "tcg";

const SCRIPT = join(import.meta.dirname, "machine.sh");

const PROGRAMS = {
  "/usr/bin/qemu-system-x86_64": "qemu-system-x86",
  "/bin/busybox": "busybox-static",
  "/usr/bin/cpio": "cpio",
} as const;

const VIRTIOFSD = ["/usr/libexec/virtiofsd", "/usr/lib/qemu/virtiofsd"];

/** The reason why no guest can run on this machine, or undefined when one can. */
export function guestMissing(): string | undefined {
  const missing = Object.entries(PROGRAMS).find(
    ([program]) => !existsSync(program),
  );
  if (missing !== undefined)
    return `${missing[0]} is missing: apt-get install ${missing[1]}`;
  if (!VIRTIOFSD.some((program) => existsSync(program)))
    return `${VIRTIOFSD.join(" and ")} are missing: apt-get install virtiofsd, or on Debian 12 qemu-system-x86`;
  if (guestKernels().length > 0) return undefined;
  return "no kernel below /boot has ESP and virtiofs: apt-get install linux-image-cloud-amd64, or on Ubuntu linux-image-virtual";
}

/** The program that is the machine, with its arguments. Guest and host share `folder`; see machine.sh. */
export function machineCommand(
  folder: string,
  {
    accelerator,
    megabytes,
    network,
    lanes,
  }: {
    accelerator: Accelerator;
    megabytes: number;
    network: boolean;
    lanes: number;
  },
): readonly string[] {
  const kernel = guestKernels().at(-1) ?? "";
  return [
    SCRIPT,
    kernel,
    folder,
    accelerator,
    `${megabytes}`,
    `${lanes}`,
    network ? "1" : "",
  ];
}

const NEEDED = ["virtiofs", "overlay", "esp4"];

/** Versions of installed kernels that can be a guest's: Debian's cloud kernels last, of one kind the newest last. */
export function guestKernels(
  modules = "/lib/modules",
  boot = "/boot",
): string[] {
  if (!existsSync(modules)) return [];
  const isCloud = (name: string) => Number(name.includes("cloud"));
  return readdirSync(modules)
    .filter((name) => existsSync(join(boot, `vmlinuz-${name}`)))
    .filter((name) =>
      NEEDED.every((needed) => hasModule(join(modules, name), needed)),
    )
    .sort(
      (a, b) =>
        isCloud(a) - isCloud(b) || a.localeCompare(b, "en", { numeric: true }),
    );
}
