import type { Request } from "../../cni/request.ts";
import { bootId } from "../../native/index.ts";
import { readConfiguration } from "../configuration/network.ts";
import { type IpamContext, placeOf } from "../context.ts";
import { isNamespace } from "../liveness/namespace.ts";
import { tracesOf } from "../liveness/whereabouts.ts";
import { preparePool } from "../pool.ts";
import { allocateOrReclaim } from "../reclaim.ts";
import { readResolvConf } from "../resolv-conf.ts";
import { writeResult } from "../result.ts";
import { withStore } from "../store/disk.ts";
import { syncFiles } from "../folder/durable.ts";
import { type Note, writeNotes } from "../folder/notes.ts";
import type { NetworkFolder } from "../folder/network-folder.ts";
import { asAid } from "../folder/scratch.ts";

/**
 * ADD: an address of each range set, on disk before it is answered.
 *
 * @returns the result in the configuration's version
 */
export function add(request: Request, context: IpamContext): object {
  const configuration = readConfiguration(request);
  const owner = { containerID: request.containerId, ifname: request.ifname };
  const pool = preparePool(request, configuration, context);
  const dns = configuration.resolvConf
    ? readResolvConf(configuration.resolvConf)
    : {};
  const place = placeOf(configuration, context);
  const { network, requested } = configuration;
  const leases = withStore(place, (store) =>
    allocateOrReclaim(
      store,
      { ...pool, owner, requested },
      {
        traces: () => tracesOf(place, network, context.resultsDir),
        netns: request.netns,
        leave: context.leave,
      },
    ),
  );
  const addresses = leases.map(({ address }) => address.text);
  makeDurable(place, addresses);
  writeNotes(place, addresses, noteOf(request));
  return writeResult(
    { leases, routes: configuration.routes, dns },
    request.version,
  );
}

function noteOf({ containerId, ifname, netns }: Request): Note {
  const boot = asAid(bootId) ?? "";
  return {
    containerID: containerId,
    ifname,
    netns,
    seen: isNamespace(netns),
    boot,
  };
}

function makeDurable(place: NetworkFolder, addresses: readonly string[]): void {
  try {
    syncFiles(place.directory, addresses);
  } catch (error) {
    // Nobody was told these addresses, and nobody will be
    withStore(place, (store) => addresses.map(store.free));
    throw error;
  }
}
