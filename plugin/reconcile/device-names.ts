import type { RouteClient } from "../../native/index.ts";

/** What a device is called, for an admin: an index says nothing. Undefined where there is no such device. */
export type DeviceNames = (index: number) => string | undefined;

/** Asks for each device once, and only when its name is needed. */
export function deviceNames(route: RouteClient): DeviceNames {
  const known = new Map<number, string | undefined>();
  return (index) => {
    if (!known.has(index)) known.set(index, route.link(index)?.name);
    return known.get(index);
  };
}
