import { readFileSync } from "node:fs";
import { isErrno } from "../../../files/errno.ts";
import type { Kernel } from "../../kernel/kernel.ts";

/** Where a node's clock and its counter of sent octets stand. Neither can be set back, and both end with the boot. */
export interface Meter {
  /** Of the monotonic clock, which no admin and no time server changes. */
  readonly milliseconds: number;
  /** What IP has sent in this network namespace; undefined where that cannot be read. */
  readonly octets?: number;
}

/** Packets a second that no SA sends: 100 Gbit/s of full size are nine million. */
const MOST_A_SECOND = 10_000_000;

/** Packets that have their number, and wait to be encrypted and counted. */
const UNDER_WAY = 2 ** 16;

/**
 * How many packets an SA can have sent from one reading to a later one: not more than would take longer, and no more than
 * octets were sent. Infinity where the readings cannot be of one boot.
 */
export function mostPackets(from: Meter, to: Meter): number {
  const passed = to.milliseconds - from.milliseconds;
  if (passed < 0) return Infinity;
  const inTime = Math.ceil(((passed + 1000) / 1000) * MOST_A_SECOND);
  const octets =
    from.octets === undefined || to.octets === undefined
      ? Infinity
      : to.octets - from.octets;
  return octets < 0 ? inTime : Math.min(inTime, octets + UNDER_WAY);
}

/** Reads both. */
export function readMeter({ netns }: Kernel): Meter {
  // Files below /proc/net are of the namespace that this process is in.
  const octets = netns === undefined ? sentOctets() : undefined;
  return { ...readClock(), ...(octets === undefined ? {} : { octets }) };
}

/** Reads the clock alone. */
export function readClock(): Meter {
  return { milliseconds: Number(process.hrtime.bigint() / 1_000_000n) };
}

/** Of both families: IpExt's OutOctets and Ip6OutOctets, which count an IPsec packet when it leaves (ip_output(), net/ipv4/ip_output.c). */
function sentOctets(): number | undefined {
  const four = fourOctets(readOrNothing("/proc/net/netstat"));
  const six = /^Ip6OutOctets\s+(\d+)$/m.exec(
    readOrNothing("/proc/net/snmp6"),
  )?.[1];
  return four === undefined ? undefined : four + Number(six ?? 0);
}

/** A line of names is followed by one of values. */
export function fourOctets(text: string): number | undefined {
  const [names, values] = text
    .split("\n")
    .filter((line) => line.startsWith("IpExt: "))
    .map((line) => line.split(" "));
  const value = values?.[names?.indexOf("OutOctets") ?? -1];
  return value === undefined ? undefined : Number(value);
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isErrno(error)) return "";
    throw error;
  }
}
