import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** UDP ports of IKE, and of IKE and ESP in UDP (RFC 7296 §2, RFC 3948). */
const PORTS = [500, 4500];

/** A program that holds a port which charon needs. */
interface PortHolder {
  readonly port: number;
  readonly pid: number | undefined;
  /** The program's name; the kernel holds sockets, too, that are no program's. */
  readonly program: string;
}

/**
 * Finds who holds UDP 500 or 4500 in this network namespace. Two IKE daemons can open one port (both set SO_REUSEADDR),
 * and then one of them gets nothing: so it is asked before charon starts.
 */
export function portHolder(proc = "/proc"): PortHolder | undefined {
  const taken = ["udp", "udp6"].flatMap((table) =>
    socketsIn(`${proc}/net/${table}`),
  );
  const [first] = taken;
  if (first === undefined) return undefined;
  const { port, inode } = first;
  const pid = ownerOf(proc, inode);
  return { port, pid, program: nameOf(proc, pid) };
}

/** Lines of /proc/net/udp: "sl local_address:port … inode", the third from behind the uid (net/ipv4/udp.c, udp4_format_sock). */
function socketsIn(table: string): { port: number; inode: string }[] {
  return linesOf(table).flatMap((line) => {
    const words = line.trim().split(/\s+/u);
    const port = Number.parseInt(words[1]?.split(":")[1] ?? "", 16);
    const inode = words[9];
    return PORTS.includes(port) && inode !== undefined ? [{ port, inode }] : [];
  });
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\n").slice(1);
  } catch {
    return []; // no IPv6 here
  }
}

function ownerOf(proc: string, inode: string): number | undefined {
  const wanted = `socket:[${inode}]`;
  for (const pid of readdirSync(proc).filter((name) => /^\d+$/u.test(name)))
    if (hasOpen(`${proc}/${pid}/fd`, wanted)) return Number(pid);
  return undefined;
}

function hasOpen(folder: string, wanted: string): boolean {
  try {
    return readdirSync(folder).some(
      (fd) => readlinkSync(`${folder}/${fd}`) === wanted,
    );
  } catch {
    return false; // it ended while we looked
  }
}

function nameOf(proc: string, pid: number | undefined): string {
  if (pid === undefined) return "unknown";
  try {
    return readFileSync(`${proc}/${String(pid)}/comm`, "utf8").trim();
  } catch {
    return "unknown";
  }
}
