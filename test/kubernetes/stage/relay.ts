import { connect, createServer } from "node:net";

// In the stage: who connects to the machine's loopback as a guest would gets there through a socket in a file.
//
//   relay.ts PORT FILE
const [port = "", file = ""] = process.argv.slice(2);

createServer((near) => {
  const far = connect(file);
  near.pipe(far).pipe(near);
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const)
    one.on("error", () => undefined).on("close", () => other.destroy());
}).listen(Number(port), "10.0.2.2");
