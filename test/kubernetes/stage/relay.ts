import { connect, createServer } from "node:net";
import { passOn } from "./pass-on.ts";

// In the stage: who connects to the machine's loopback as a guest would gets there through a socket in a file.
//
//   relay.ts PORT FILE
const [port = "", file = ""] = process.argv.slice(2);

createServer((near) => {
  passOn(near, connect(file));
}).listen(Number(port), "10.0.2.2");
