import type { Recording } from "../support/capture.ts";
import { mustRunIn } from "../support/command.ts";
import type { Node } from "../support/topology.ts";

/** An ESP packet, or an SA by the last one that it sent. */
export interface Sent {
  readonly spi: string;
  readonly sequence: number;
}

/** Every ESP packet of a recording, as tcpdump reads it. */
export function packetsIn(recording: Recording): Sent[] {
  const text = recording.show("esp", 1_000_000);
  return [...text.matchAll(/ESP\(spi=(0x\w+),seq=(0x\w+)\)/gu)].map(
    ([, spi = "", sequence]) => ({ spi, sequence: Number(sequence) }),
  );
}

/** The SA that a node sends with, as `ip` shows it. */
export async function outboundOf(node: Node): Promise<Sent> {
  const text = await outbound(node);
  const [, spi = "none"] = /spi (0x[0-9a-f]+)/u.exec(text) ?? [];
  const [, sequence] = /oseq (0x[0-9a-f]+)/u.exec(text) ?? [];
  return { spi, sequence: Number(sequence) };
}

/** Gives that SA another counter. `ip` can only do that to a new one: the same in all else. */
export async function setCounter(node: Node, sequence: number): Promise<void> {
  const sa = await outbound(node);
  const word = (pattern: RegExp): string => pattern.exec(sa)?.[1] ?? "";
  const ends = `src ${word(/src (\S+)/u)} dst ${word(/dst (\S+)/u)} proto esp spi ${word(/spi (\S+)/u)}`;
  const rest = `reqid ${word(/reqid (\d+)/u)} mode tunnel flag af-unspec flag icmp aead 'rfc4106(gcm(aes))' ${word(/aead \S+ (0x\w+)/u)} 128`;
  const commands = [
    `ip xfrm state delete ${ends}`,
    `ip xfrm state add ${ends} ${rest} replay-oseq ${String(sequence)}`,
  ];
  await mustRunIn(node.namespace, "sh", "-ec", commands.join("; "));
}

async function outbound({ namespace, privateIp }: Node): Promise<string> {
  const text = await mustRunIn(namespace, "ip", "xfrm", "state");
  const all = text.split(/^(?=src )/mu);
  return all.find((sa) => sa.startsWith(`src ${privateIp} `)) ?? "";
}
