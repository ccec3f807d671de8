import type { Stage } from "./stage/stage.ts";

/** A recording of all that passes between nodes. */
export interface Wire {
  /** Ends the recording. Throws when packets were missed: a count of 0 would prove nothing. */
  readonly stop: () => Promise<WireRecording>;
}

/** What a recording holds. */
export interface WireRecording {
  /** How many packets match a filter of tcpdump, such as "esp". */
  readonly count: (filter: string) => Promise<number>;
  /** The first of the packets that match, one a line. */
  readonly show: (filter: string, atMost: number) => Promise<string>;
}

const START = `
  tcpdump --immediate-mode -i internet -U -s 128 -B 32768 -Z root -w "$1.pcap" 2>"$1.log" >/dev/null </dev/null &
  echo $!
  until grep -q "listening on" "$1.log"; do sleep 0.1; done`;

// What tcpdump has not read by then is lost.
const STOP = `
  sleep 1
  kill -INT "$2"
  while [ -e "/proc/$2" ]; do sleep 0.1; done
  cat "$1.log"`;

/** Records the headers of what passes the internet from now on. */
export async function wire(stage: Stage, name: string): Promise<Wire> {
  const file = `/nodes/${name}`;
  const script = (text: string, ...words: string[]) =>
    stage.run(["bash", "-c", text, "bash", ...words]);
  const process = (await script(START, file)).trim();
  const read = (filter: string, ...words: string[]) =>
    stage.run(["tcpdump", "-nn", "-r", `${file}.pcap`, ...words, filter]);
  return {
    stop: async () => {
      const said = await script(STOP, file, process);
      const [, dropped] = /(\d+) packets? dropped by kernel/.exec(said) ?? [];
      if (dropped !== "0")
        throw new Error(`Cannot trust the capture: ${said.trim()}`);
      return {
        count: async (filter) => Number.parseInt(await read(filter, "--count")),
        show: async (filter, atMost) =>
          (await read(filter, "-c", `${atMost}`)).trimEnd(),
      };
    },
  };
}

/** Packets of either cluster's pods or services to the other's, as anyone can read them. */
export function clearText(one: string, other: string): string {
  return `(src net ${one} and dst net ${other}) or (src net ${other} and dst net ${one})`;
}
