import { closeSync, openSync, readSync } from "node:fs";

const CHUNK_BYTES = 1024 * 1024;

/** Whether two files hold the same bytes; reads a part at a time, since they may be large. */
export function sameContent(a: string, b: string): boolean {
  const files = [openSync(a, "r"), openSync(b, "r")] as const;
  try {
    for (;;) {
      const [left, right] = files.map(readPart) as [Buffer, Buffer];
      if (!left.equals(right)) return false;
      if (left.length === 0) return true;
    }
  } finally {
    for (const file of files) closeSync(file);
  }
}

/** A whole part, however short the single reads are; less only at the end. */
function readPart(file: number): Buffer {
  const part = Buffer.alloc(CHUNK_BYTES);
  let length = 0;
  for (;;) {
    const read = readSync(file, part, length, part.length - length, null);
    length += read;
    if (read === 0 || length === part.length) return part.subarray(0, length);
  }
}
