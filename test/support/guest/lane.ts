import { createServer, type Socket } from "node:net";

/** How a scene ended, and what it wrote to stdout and stderr, in the order it came. */
export interface Ended {
  /** 137 where it was killed because it took too long. */
  readonly status: number;
  readonly output: string;
  /** How long it took. */
  readonly seconds: number;
}

/** Called with whole lines of a scene's output, as they come. */
export type OnOutput = (text: string) => void;

/** One of a guest's virtio ports, which takes a scene at a time (see worker.sh). */
export interface Lane extends Disposable {
  /** Rejects where the guest goes before the scene has ended. */
  readonly run: (
    name: string,
    seconds: number,
    onOutput: OnOutput,
  ) => Promise<Ended>;
}

/** Listens where a guest that is about to start will connect its port. */
export function openLane(path: string): Lane {
  let socket: Socket | undefined;
  const server = createServer((guest) => {
    socket = guest.setEncoding("utf8");
    // What ends the guest is told by "close".
    guest.on("error", () => undefined);
  }).listen(path);
  return {
    run: (name, seconds, onOutput) => {
      if (socket === undefined || socket.destroyed)
        return Promise.reject(gone(""));
      socket.write(`${name} ${seconds}\n`);
      return readUntilEnd(socket, name, onOutput);
    },
    [Symbol.dispose]: () => {
      socket?.destroy();
      server.close();
    },
  };
}

function readUntilEnd(
  socket: Socket,
  name: string,
  onOutput: OnOutput,
): Promise<Ended> {
  const scene = readOutput(name, onOutput);
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void) => {
      socket.off("data", take).off("close", lose);
      settle();
    };
    const take = (text: string) => {
      const ended = scene.add(text);
      if (ended !== undefined)
        finish(() => {
          resolve(ended);
        });
    };
    const lose = () => {
      finish(() => {
        reject(gone(scene.read()));
      });
    };
    socket.on("data", take).on("close", lose);
  });
}

function gone(output: string): Error {
  return new Error(`The guest is gone; the scene's output:\n${output}`);
}

/** Sorts what a port sends: a scene's output, passed on line by line, until the mark that ends it. */
export function readOutput(name: string, onOutput: OnOutput) {
  const mark = new RegExp(`^(.*)\\[end ${name} (\\d+)\\]\n$`, "s");
  const started = performance.now();
  let output = "";
  let pending = "";
  const take = (text: string) => {
    output += text;
    if (text !== "") onOutput(text);
  };
  const add = (text: string): Ended | undefined => {
    pending += text;
    for (let end; (end = pending.indexOf("\n") + 1) > 0;) {
      const line = pending.slice(0, end);
      pending = pending.slice(end);
      const [, rest, status] = mark.exec(line) ?? [];
      take(rest ?? line);
      if (status !== undefined)
        return {
          status: Number(status),
          output,
          seconds: (performance.now() - started) / 1000,
        };
    }
    return undefined;
  };
  return { add, read: () => output + pending };
}
