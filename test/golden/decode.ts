/** Reads the output of `strace -e write=all` and prints the netlink messages in it, as test/support/golden.ts reads them. */
import { readFileSync } from "node:fs";
import { decodeMessages } from "../../native/message.ts";
import { formatWords } from "../support/golden.ts";

for (const datagram of datagrams(readFileSync(0, "utf8"))) {
  for (const { type, flags, body } of decodeMessages(datagram)) {
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
