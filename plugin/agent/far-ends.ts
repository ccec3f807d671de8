import { dirname } from "node:path";
import type { NetworkConfiguration } from "../../conf/network.ts";
import { ikeFolder } from "../ike/charon/configuration.ts";
import { openIke } from "../ike/ike.ts";
import type { IkeState } from "../ike/state.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Log } from "../kernel/log.ts";
import type { DesiredMesh, Peer } from "../mesh/state.ts";
import type { Whereabouts } from "../mesh/whereabouts.ts";
import { receiversOf } from "../node/peers/encapsulation.ts";
import { encapsulationSockets } from "./encapsulation.ts";

/** What the far ends speak to: charon, and where that is not, the sockets of ESP in UDP. */
export interface FarEnds {
  readonly keep: (mesh: DesiredMesh | undefined) => void;
  readonly charonReqids: () => ReadonlySet<number>;
  readonly whereabouts: () => Whereabouts;
  readonly close: () => void;
}

/** What keeping them takes. */
interface FarEndsOptions {
  readonly kernel: Kernel;
  /** The agent's own; charon's files lie beside it. */
  readonly socket: { readonly path: string };
  readonly log: Log;
  readonly configuration: () => Pick<NetworkConfiguration, "keyring">;
  /** What this node's certificate waits for, where somebody is to bring one. */
  readonly certificateWaitsFor?: () => string | undefined;
  /** Is told what is known of tunnels by IKE, at each look. */
  readonly observer: { readonly ike: (state: IkeState) => void };
}

/** A standby gateway hears its far ends at once. */
function everybody(mesh: DesiredMesh | undefined): readonly Peer[] {
  return mesh === undefined ? [] : [...mesh.peers, ...mesh.standby];
}

const NO_TUNNELS = { ike: [], retiring: [], series: [], peers: [] };

/** Keeps them from now on. `onMove` is told when a peer that initiates has appeared at another address. */
export function farEnds(options: FarEndsOptions, onMove: () => void): FarEnds {
  const { kernel, socket, log, configuration, observer } = options;
  const sockets = encapsulationSockets(kernel, log);
  let kept: DesiredMesh | undefined;
  const share = (): void => {
    // charon's own socket serves ESP in UDP as well, and it needs the port.
    sockets.keep(ike.wantsPorts() ? [] : receiversOf(everybody(kept)));
  };
  const folder = ikeFolder(socket.path);
  const ike = openIke({
    kernel,
    folder,
    log,
    identityFolder: () => dirname(configuration().keyring),
    certificateWaitsFor: options.certificateWaitsFor ?? (() => undefined),
    onIdle: share,
    onLook: observer.ike,
    onMove,
  });
  return {
    keep: (mesh) => {
      ike.keep(mesh ?? NO_TUNNELS);
      kept = mesh;
      share();
    },
    charonReqids: ike.reqids,
    whereabouts: ike.whereabouts,
    close: () => {
      ike.close();
      sockets.close();
    },
  };
}
