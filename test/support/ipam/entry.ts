// The IPAM helper as a program, for tests that run before dist/crosslink-ipam is built: same handlers, no packaging.
import { readFileSync, writeSync } from "node:fs";
import { run } from "../../../cni/main.ts";
import { ipamHandlers } from "../../../ipam/handlers.ts";
import { loadBinding } from "../../../native/binding.ts";

process.exitCode = run(
  {
    environment: process.env,
    readStdin: () => readFileSync(0),
    writeStdout: (text) => writeSync(1, text),
    writeStderr: (text) => writeSync(2, text),
  },
  ipamHandlers({ binding: () => loadBinding(), mesh: () => undefined }),
);
