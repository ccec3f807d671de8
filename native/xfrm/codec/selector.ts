import { AF_INET, AF_INET6 } from "../../address.ts";
import { be16, i32, u16, u32 } from "../../field.ts";
import type { Selector } from "../selector.ts";
import { xfrmSelector } from "../structs.ts";
import { commonFamily } from "./address.ts";
import type { Source, Writable } from "./source.ts";

const ANY_PORT = 0;
const ONE_PORT = 0xffff;
const AT = xfrmSelector.offsets;

/** The fields of `struct xfrm_selector`. Throws RangeError when the prefixes differ in family. */
export function selectorFields(selector: Selector) {
  const { source, destination, sourcePort, destinationPort } = selector;
  return {
    daddr: destination.address,
    saddr: source.address,
    dport: destinationPort,
    dport_mask: portMask(destinationPort),
    sport: sourcePort,
    sport_mask: portMask(sourcePort),
    family: commonFamily(source.address, destination.address),
    prefixlen_d: destination.length,
    prefixlen_s: source.length,
    proto: selector.protocol,
    ifindex: selector.interfaceIndex,
  };
}

/** Reads `struct xfrm_selector` at `base`. What `Selector` cannot say is added to the source's `foreign`. */
export function readSelector(source: Source, base: number): Selector {
  const { view, address, foreign } = source;
  const family = u16.read(view, base + AT.family);
  const selector: Writable<Selector> = {
    source: {
      address: address(view, base + AT.saddr, family),
      length: view.getUint8(base + AT.prefixlen_s),
    },
    destination: {
      address: address(view, base + AT.daddr, family),
      length: view.getUint8(base + AT.prefixlen_d),
    },
  };
  const protocol = view.getUint8(base + AT.proto);
  const interfaceIndex = i32.read(view, base + AT.ifindex);
  if (protocol !== 0) selector.protocol = protocol;
  if (be16.read(view, base + AT.sport_mask) !== ANY_PORT)
    selector.sourcePort = be16.read(view, base + AT.sport);
  if (be16.read(view, base + AT.dport_mask) !== ANY_PORT)
    selector.destinationPort = be16.read(view, base + AT.dport);
  if (interfaceIndex !== 0) selector.interfaceIndex = interfaceIndex;
  noteForeign(view, base, foreign);
  return selector;
}

function portMask(port: number | undefined): number {
  return port === undefined ? ANY_PORT : ONE_PORT;
}

function noteForeign(view: DataView, base: number, foreign: string[]): void {
  const family = u16.read(view, base + AT.family);
  if (family !== AF_INET && family !== AF_INET6)
    foreign.push(`selector of family ${family}`);
  notePortMask("source", be16.read(view, base + AT.sport_mask), foreign);
  notePortMask("destination", be16.read(view, base + AT.dport_mask), foreign);
  const user = u32.read(view, base + AT.user);
  if (user !== 0) foreign.push(`selector of user ${user}`);
}

function notePortMask(end: string, mask: number, foreign: string[]): void {
  if (mask !== ANY_PORT && mask !== ONE_PORT)
    foreign.push(`${end} port mask 0x${mask.toString(16)}`);
}
