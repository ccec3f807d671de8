import { capture, type Recording } from "./capture.ts";
import type { Topology } from "./topology.ts";

/** A recording of the wires of all nodes as one: counts are sums, and times are wire by wire. */
export interface WiresRecording extends Recording {
  /** Of each wire, in the order of the nodes. */
  readonly each: readonly Recording[];
}

/** Such a recording while it is made. */
export interface WiresCapture {
  /** As that of {@link capture} for each wire. */
  stop(): Promise<WiresRecording>;
}

/** Records the wires of all nodes from now on. */
export async function captureWires({
  internet,
  nodes,
}: Topology): Promise<WiresCapture> {
  const captures = await Promise.all(
    nodes.map(({ wire }) => capture(internet, wire)),
  );
  return {
    stop: async () =>
      asOne(await Promise.all(captures.map((wire) => wire.stop()))),
  };
}

function asOne(each: readonly Recording[]): WiresRecording {
  return {
    each,
    count: (filter) =>
      each.reduce((sum, recording) => sum + recording.count(filter), 0),
    times: (filter) => each.flatMap((recording) => recording.times(filter)),
    show: (filter, atMost) =>
      each.map((recording) => recording.show(filter, atMost)).join("\n"),
    [Symbol.dispose]: () => {
      for (const recording of each) recording[Symbol.dispose]();
    },
  };
}
