import type { RouteClient } from "../../native/index.ts";
import { remembered } from "../kernel/remembered.ts";

/** What a device is called, for an admin: an index says nothing. Undefined where there is no such device. */
export type DeviceNames = (index: number) => string | undefined;

/** Asks for each device once, and only when its name is needed. */
export function deviceNames(route: RouteClient): DeviceNames {
  return remembered((index) => route.link(index)?.name);
}
