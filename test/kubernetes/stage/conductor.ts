import { spawn } from "node:child_process";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import type { Ran, Wish } from "./wish.ts";

// Runs on the stage until the test hangs up: carries out what it asks for, all at the same time.
//
//   conductor.ts WHERE TOKEN    WHERE: a port of the host's, or a socket's path
const [where = "", token = ""] = process.argv.slice(2);

/** By this address a guest finds the loopback of QEMU's host. */
const HOST = "10.0.2.2";

const socket = connect(
  where.startsWith("/") ? { path: where } : { port: Number(where), host: HOST },
);
socket.write(`${token}\n`);
for await (const line of createInterface(socket)) {
  const wish = JSON.parse(line) as Wish;
  void carryOut(wish).then((ran) => socket.write(`${JSON.stringify(ran)}\n`));
}

function carryOut({ id, command, input = "" }: Wish): Promise<Ran> {
  const [program = "", ...words] = command;
  // The host's ~/.bashrc is nothing to a scene: bash reads it where its standard input is a socket, as Node's pipes are.
  const env = { ...process.env, HOME: "/nodes" };
  const child = spawn(program, words, { env, stdio: ["pipe", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name]
      .setEncoding("utf8")
      .on("data", (text: string) => (said[name] += text));
  // Who does not read what is written to it may end before it is told all.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  return new Promise((resolve) => {
    child.once("error", ({ message }) => {
      resolve({ id, status: 127, stdout: "", stderr: message });
    });
    // Not "close": a daemon that it has started may hold its pipes.
    child.once("exit", (code) => {
      setTimeout(() => {
        resolve({ id, status: code ?? 128, ...said });
      }, 20);
    });
  });
}
