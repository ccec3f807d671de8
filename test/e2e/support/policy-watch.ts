import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Place } from "../../support/namespace.ts";

/** A policy or SA that came or went, as `ip xfrm monitor` told it. */
export interface XfrmEvent {
  /** In seconds since 1970; when ip read it, so a little late. */
  readonly time: number;
  /** In one line, such as `Deleted src … dst … dir out action block priority 17299 ptype main`. */
  readonly text: string;
}

/** Records what the kernel tells of policies and SAs from now on. */
export async function watchXfrm({
  name,
}: Place): Promise<{ stop: () => Promise<XfrmEvent[]> }> {
  const child = spawn(
    "ip",
    ["-n", name, "-tshort", "xfrm", "monitor", "policy", "SA"],
    {
      stdio: ["ignore", "pipe", "inherit"],
      // ip prints local time.
      env: { ...process.env, TZ: "UTC" },
    },
  );
  let output = "";
  child.stdout
    .setEncoding("utf8")
    .on("data", (part: string) => (output += part));
  await once(child, "spawn");
  // It says nothing when it is ready; its socket is its first deed.
  await new Promise((resolve) => setTimeout(resolve, 500));
  return {
    stop: async () => {
      const ended = once(child, "close");
      child.kill();
      await ended;
      return parseEvents(output);
    },
  };
}

/** Reads what `ip -tshort xfrm monitor` printed: each event begins with its time in brackets. */
export function parseEvents(output: string): XfrmEvent[] {
  return output
    .split(/^\[/m)
    .slice(1)
    .map((event) => {
      const [when = "", text = ""] = event.split(/\] ([^]*)/);
      const [seconds, fraction = "0"] = when.split(".");
      const time =
        Date.parse(`${seconds ?? ""}Z`) / 1000 + Number(`0.${fraction}`);
      return { time, text: text.trim().replace(/\s+/g, " ") };
    });
}
