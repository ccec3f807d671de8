import { addressInCidr, type Cidr, cidrContains } from "../../ip/cidr.ts";
import type { Claim } from "../../conf/claims.ts";

/** What this machine says of itself, where the files do not say which node it is. */
export interface Machine {
  /** Names that its entry may have. */
  readonly names: readonly string[];
  readonly networks: readonly MachineNetwork[];
}

/** An address of this machine, as a network of one, or a network that a device of it is in. */
export interface MachineNetwork {
  readonly cidr: Cidr;
  readonly isAddress: boolean;
  /** The device's index. */
  readonly device: number;
}

/**
 * The clusters that may be this machine's own: by a name or an address of an entry, or by a CIDR that holds an address or
 * a connected network. None of them is fenced as long as nobody knows better.
 */
export function maybeOwn(
  claims: readonly Claim[],
  machine: Machine,
): Set<string> {
  const names = new Set(machine.names);
  const addresses = new Set(
    machine.networks
      .filter(({ isAddress }) => isAddress)
      .map(({ cidr }) => cidr.text.slice(0, cidr.text.indexOf("/"))),
  );
  const isOwn = ({ nodes, pods }: Claim): boolean =>
    nodes.some(
      ({ name, ips }) => names.has(name) || ips.some((ip) => addresses.has(ip)),
    ) || pods.some((cidr) => heldBy(cidr, machine) !== undefined);
  return new Set(claims.filter(isOwn).map(({ name }) => name));
}

/** What of this machine lies in a CIDR: to fence that would cut the machine off. */
export function heldBy(
  cidr: Cidr,
  { networks }: Machine,
): MachineNetwork | undefined {
  return networks.find(({ cidr: own, isAddress }) =>
    isAddress ? addressInCidr(own.bytes, cidr) : cidrContains(cidr, own),
  );
}
