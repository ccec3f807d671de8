import { addressFromBytes, cidrOf } from "../../ip/cidr.ts";
import {
  AF_INET,
  AF_INET6,
  type RouteClient,
  RT_TABLE_MAIN,
} from "../../native/index.ts";
import type { Machine, MachineNetwork } from "../fence/own.ts";
import { ownsRoute } from "../owned.ts";
import type { Place } from "./place.ts";

/** RT_SCOPE_LINK: include/uapi/linux/rtnetlink.h. */
const SCOPE_LINK = 253;

/**
 * What this machine says of itself. Where its cluster is not known, hosts behind devices count too: some base CNIs give a
 * node no address of its pods' network, but a route to each pod.
 */
export function machineOf(
  route: RouteClient,
  { config, host, isKnown }: Place & { readonly isKnown: boolean },
): Machine {
  const addresses = route
    .addresses()
    .flatMap(({ address, prefixLength, index }): MachineNetwork[] => [
      {
        cidr: cidrOf(address, address.length * 8),
        isAddress: true,
        device: index,
      },
      { cidr: cidrOf(address, prefixLength), isAddress: false, device: index },
    ]);
  const names = [
    config.node,
    host.nodeName,
    host.hostName,
    host.hostName.toLowerCase(),
  ];
  return {
    names: names.flatMap((name) => name || []),
    networks: isKnown ? addresses : [...addresses, ...hostsBehind(route)],
  };
}

function hostsBehind(route: RouteClient): MachineNetwork[] {
  return [AF_INET, AF_INET6]
    .flatMap((family) => route.routes({ family, table: RT_TABLE_MAIN }))
    .filter((each) => each.scope === SCOPE_LINK && !ownsRoute(each))
    .map(({ destination, outputInterface = 0 }) => ({
      cidr: cidrOf(destination.address, destination.length),
      isAddress: false,
      device: outputInterface,
    }))
    .filter(({ cidr }) => cidr.prefix > 0);
}

/** An address in words, with its device. */
export function wordsFor(
  { cidr, isAddress, device }: MachineNetwork,
  route: RouteClient,
): string {
  const name = route.link(device)?.name ?? "a device that has gone";
  return isAddress
    ? `this node's address ${addressFromBytes(cidr.bytes).text} on ${name}`
    : `the network ${cidr.text} that ${name} is connected to`;
}
