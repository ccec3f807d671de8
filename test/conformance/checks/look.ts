import type { Namespace } from "../../support/namespace.ts";

/** The names of a namespace's interfaces, in order. */
export function linkNames(namespace: Namespace): string[] {
  return (namespace.ip("link", "show") as { ifname: string }[])
    .map(({ ifname }) => ifname)
    .sort();
}

/** Links, addresses, routes and rules of a namespace, as text that changes when a program changes them. */
export function networkState(namespace: Namespace): string {
  return [
    ["link", "show"],
    ["addr", "show"],
    ["-4", "route", "show", "table", "all"],
    ["-6", "route", "show", "table", "main"],
    ["rule", "show"],
  ]
    .flatMap((command) => namespace.exec("ip", "-o", ...command).split("\n"))
    .map(withoutTime)
    .filter((line) => !/fe80:|ff00:/.test(line))
    .join("\n");
}

/** Without what the kernel changes by itself: lifetimes, link state, duplicate address detection. */
function withoutTime(line: string): string {
  return line.replaceAll(
    / (expires|valid_lft|preferred_lft|state) \S+| (tentative|dadfailed)/g,
    "",
  );
}
