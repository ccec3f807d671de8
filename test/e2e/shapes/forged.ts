/** What a pod without any privilege on its node tries, to write into the mesh. */
import type { Place } from "../../support/namespace.ts";
import { shell } from "./actor.ts";

/** UDP ports where a node may listen for packets in packets: ESP in UDP, and VXLAN by several products. */
const PORTS = [4500, 4789, 8472, 17_228];

/** IP protocols that carry packets in packets: IPIP, IPv6 in IPv4, GRE, ESP. */
const PROTOCOLS = [4, 41, 47, 50];

/**
 * Sends an echo request with a source of its own choice to a node, wrapped in each of these ways: after VXLAN's header with
 * an Ethernet header, after GRE's, or bare.
 */
export async function sendForged(
  pod: Place,
  {
    node,
    source,
    destination,
  }: Readonly<Record<"node" | "source" | "destination", string>>,
): Promise<void> {
  await shell(
    pod,
    `python3 - <<'END'
import socket, struct
def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff
def echo():
    icmp = struct.pack("!BBHHH", 8, 0, checksum(struct.pack("!BBHHH", 8, 0, 0, 7, 7)), 7, 7)
    head = lambda sum: struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(icmp), 1, 0, 64, 1, sum, socket.inet_aton("${source}"), socket.inet_aton("${destination}"))
    return head(checksum(head(0))) + icmp
hardware = bytes([2, 0x43]) + socket.inet_aton("${node}")
frame = hardware + bytes([2, 0x43, 1, 1, 1, 1]) + struct.pack("!H", 0x0800) + echo()
vxlan = struct.pack("!II", 0x08000000, 17228 << 8) + frame
for port in ${JSON.stringify(PORTS)}:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(vxlan, ("${node}", port))
for protocol in ${JSON.stringify(PROTOCOLS)}:
    gre = struct.pack("!HH", 0, 0x0800) if protocol == 47 else b""
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol)
    raw.sendto(gre + echo(), ("${node}", 0))
END`,
  );
}
