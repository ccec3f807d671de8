/**
 * Serves calls of the plugin and its command line, one a line of stdin, each answered by a line of stdout; in the network
 * and the mounts that it was started in. A call costs what the call itself costs, not the start of a program.
 */
import { createInterface } from "node:readline";
import { run } from "../../../cni/main.ts";
import { runCommandLine } from "../../../plugin/commands/main.ts";
import {
  pluginHandlers,
  processContext,
} from "../../../plugin/handlers/handlers.ts";
import { binding } from "../binding.ts";
import { counting } from "./failing.ts";
import type { Asked, Told } from "./resident.ts";

const HOST = { nodeName: "node1", hostName: "no-such-host" };

for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(serve(JSON.parse(line) as Asked))}\n`);

function serve(asked: Asked): Told {
  const counted = counting(binding, asked.failure);
  const stdout: string[] = [];
  const stderr: string[] = [];
  const front = {
    kernel: () => ({ binding: counted.binding }),
    host: HOST,
    writeStdout: (text: string) => stdout.push(text),
    writeStderr: (text: string) => stderr.push(text),
  };
  const exitCode =
    asked.environment["CNI_COMMAND"] === undefined
      ? runCommandLine(asked.words, front)
      : run(
          {
            ...front,
            environment: asked.environment,
            readStdin: () => Buffer.from(asked.stdin, "base64"),
          },
          pluginHandlers(processContext(front)),
        );
  return {
    exitCode,
    stdout: stdout.join(""),
    stderr: stderr.join(""),
    systemCalls: counted.calls(),
  };
}
