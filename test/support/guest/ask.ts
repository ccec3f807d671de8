import { connect } from "node:net";
import { createInterface } from "node:readline";
import type { Ended, OnOutput } from "./lane.ts";
import type { Request } from "./resident.ts";
import type { Answer } from "./serve.ts";

/** The variable that tells a process's children of its guest's socket. */
export const GUEST_SOCKET = "CROSSLINK_GUEST_SOCKET";

/** Has a resident guest of another process run a scene; see serve.ts. Throws what is thrown there. */
export async function askGuest(
  path: string,
  request: Request,
  onOutput: OnOutput = () => undefined,
): Promise<Ended> {
  const socket = connect(path);
  socket.write(`${JSON.stringify(request)}\n`);
  // Each of its lines, and the error that ends it.
  for await (const line of createInterface(socket)) {
    const answer = JSON.parse(line) as Answer;
    if ("failed" in answer) throw new Error(answer.failed);
    if ("ended" in answer) return answer.ended;
    onOutput(answer.output);
  }
  throw new Error(
    `Cannot finish a scene: who keeps the guest at ${path} is gone`,
  );
}
