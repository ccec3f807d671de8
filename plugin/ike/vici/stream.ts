import { decodePacket, type Packet, PACKET_LIMIT } from "./packet.ts";

/**
 * Cuts a stream of bytes into packets, however they arrive. The returned function takes what has arrived and gives the
 * packets that are whole. It throws RangeError where the other end does not speak vici; nothing after that makes sense.
 */
export function packetsFrom(): (chunk: Uint8Array) => Packet[] {
  let waiting: Buffer = Buffer.alloc(0);
  return (chunk) => {
    waiting = Buffer.concat([waiting, chunk]);
    const packets: Packet[] = [];
    for (;;) {
      if (waiting.length < 4) return packets;
      const length = waiting.readUInt32BE(0);
      if (length > PACKET_LIMIT)
        throw new RangeError(
          `Cannot read a vici packet of ${length} bytes: at most ${PACKET_LIMIT} are sent`,
        );
      if (waiting.length < 4 + length) return packets;
      packets.push(decodePacket(waiting.subarray(4, 4 + length)));
      waiting = waiting.subarray(4 + length);
    }
  };
}
