import type { NetworkConfiguration } from "../../conf/network.ts";
import type { Whereabouts } from "../mesh/whereabouts.ts";
import type { Host } from "./linked.ts";
import type { MeshReader } from "./reader.ts";

/** Where a look begins: the configuration, what the machine is called, and what was read for looks before, if there were any. */
export interface Place {
  readonly config: NetworkConfiguration;
  readonly host: Host;
  readonly reader?: MeshReader;
  /** Reqids of SAs that charon makes and deletes whatever the files say; none where no charon is at hand. */
  readonly charonReqids?: () => ReadonlySet<number>;
  /** Where peers that initiate have appeared; else what the node's agent has written of it counts. */
  readonly whereabouts?: () => Whereabouts;
}
