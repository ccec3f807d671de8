import type { Cidr } from "./cidr.ts";

/** Each network once, in the order in which they come. */
export function distinctCidrs(cidrs: readonly Cidr[]): Cidr[] {
  return [...new Map(cidrs.map((cidr) => [cidr.text, cidr])).values()];
}
