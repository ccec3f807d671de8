import type { NetworkConfiguration } from "../../conf/network.ts";
import type { Host } from "./linked.ts";

/** Where a look begins: the configuration, and what the machine is called. */
export interface Place {
  readonly config: NetworkConfiguration;
  readonly host: Host;
}
