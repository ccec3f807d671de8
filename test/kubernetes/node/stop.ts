import type { Node } from "./node.ts";

const STOP = `
  [ -e "/run/$0.pid" ] || exit 0
  process=$(cat "/run/$0.pid")
  kill "$process" 2>/dev/null || true
  for ((i = 0; i < 100; i++)); do
    [ -e "/proc/$process" ] || break
    sleep 0.1
  done
  kill -KILL "$process" 2>/dev/null || true
  while [ -e "/proc/$process" ]; do sleep 0.1; done
  rm "/run/$0.pid"`;

/** Ends a program that node.start() has started, if it runs: politely at first. */
export async function stopDaemon(node: Node, name: string): Promise<void> {
  await node.run(["bash", "-ec", STOP, name]);
}
