import { isErrno } from "../../files/errno.ts";
import { readFileSync } from "node:fs";
import { parseAddress } from "../../ip/cidr.ts";

/** IPVS's services and their servers, in this process's network namespace. */
const IPVS_FILE = "/proc/net/ip_vs";

/** The addresses of IPVS's servers; undefined where it has no services, or the kernel no IPVS. */
export function readIpvsServers(
  path: string = IPVS_FILE,
): Uint8Array[] | undefined {
  try {
    return parseIpvsServers(readFileSync(path, "utf8"));
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}

const SERVICE = /^(TCP|UDP|SCTP|FWM) /m;

/** "  -> C0000202:0050  Masq …", or "  -> [2001:0db8:…]:0050": ip_vs_info_seq_show() in net/netfilter/ipvs/ip_vs_ctl.c. */
const IPV4_SERVER = /^ {2}-> ([0-9A-F]{8}):[0-9A-F]{4} /gm;
const IPV6_SERVER = /^ {2}-> \[([0-9a-f:]+)\]:[0-9A-F]{4} /gm;

/** Reads the table; undefined where it has no service. */
export function parseIpvsServers(text: string): Uint8Array[] | undefined {
  if (!SERVICE.test(text)) return undefined;
  return [
    ...[...text.matchAll(IPV4_SERVER)].map(([, digits = ""]) =>
      Uint8Array.from(Buffer.from(digits, "hex")),
    ),
    ...[...text.matchAll(IPV6_SERVER)].map(
      ([, address = ""]) => parseAddress(address).bytes,
    ),
  ];
}
