/** Reads the output of `strace -e write=all` and prints the netlink messages in it, as test/support/golden.ts reads them. */
import { readFileSync } from "node:fs";
import { decodeMessages } from "../../native/message.ts";
import { formatWords } from "../support/golden.ts";

for (const datagram of datagrams(readFileSync(0, "utf8"))) {
  for (const { type, flags, body } of decodeMessages(withoutFiller(datagram))) {
    console.log(
      `\nmessage type=0x${type.toString(16)} flags=0x${flags.toString(16)}`,
    );
    console.log(formatWords(body).join("\n"));
  }
}

// One call: its own line, then for each buffer lines such as " | 00010  0a 00 …  00 00  ........ ........ |".
function datagrams(trace: string): Uint8Array[] {
  const calls = trace.split(/^(?:\d+ +)?send(?:msg|to)\(/m).slice(1);
  return calls.map((call) => {
    const lines = [
      ...call.matchAll(/^ \| [0-9a-f]{5,} {2}((?:[0-9a-f]{2} | ){16,50})/gm),
    ];
    return Buffer.from(
      lines
        .map((line) => line[1])
        .join("")
        .replaceAll(" ", ""),
      "hex",
    );
  });
}

// `ip` sends some dump requests in a larger buffer; the kernel stops at the first header whose length is 0, and so do we.
function withoutFiller(datagram: Uint8Array): Uint8Array {
  const view = new DataView(
    datagram.buffer,
    datagram.byteOffset,
    datagram.length,
  );
  let end = 0;
  while (end + 16 <= datagram.length) {
    const length = view.getUint32(end, true);
    if (length === 0) break;
    end += Math.ceil(length / 4) * 4;
  }
  return datagram.subarray(0, end);
}
