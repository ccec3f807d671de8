import {
  AF_INET,
  addressLength,
  familyOf,
  formatAddress,
  formatPrefix,
  type IpPrefix,
} from "../address.ts";
import {
  type Attribute,
  attrBytes,
  attrU32,
  decodeAttributes,
  encodeBody,
  nestedPlain,
} from "../attribute.ts";
import { decode, encode, type ValueOf } from "../layout.ts";
import {
  RT_TABLE_UNSPEC,
  RTA_DST,
  RTA_METRICS,
  RTA_MULTIPATH,
  RTA_OIF,
  RTA_PREFSRC,
  RTA_PRIORITY,
  RTA_TABLE,
  RTAX_ADVMSS,
  RTAX_MTU,
  RTM_F_FIB_MATCH,
  RTM_F_LOOKUP_TABLE,
  RTNH_F_ONLINK,
} from "./constants.ts";
import { type Fields, fieldsOf, present } from "./fields.ts";
import {
  decodeNextHops,
  encapsulationOf,
  encodeGateway,
  encodeNextHops,
  gatewayOf,
  type NextHop,
} from "./next-hop.ts";
import { rtmsg } from "./structs.ts";

/** A route. Two with the same destination, table and priority are the same one to the kernel (IPv4). */
export interface Route {
  /** Length 0 is the default route. */
  readonly destination: IpPrefix;
  /** 254 main, 255 local. */
  readonly table: number;
  /** Who made it: RTPROT_*, /etc/iproute2/rt_protos. */
  readonly protocol: number;
  /** 0 universe, 253 link, 254 host. Always 0 for IPv6. */
  readonly scope: number;
  /** 1 unicast, 2 local, 6 blackhole, 7 unreachable, 8 prohibit. */
  readonly type: number;
  /** May be of the other family: an IPv4 route by an IPv6 neighbour. */
  readonly gateway?: Uint8Array;
  /** Index of the device. */
  readonly outputInterface?: number;
  readonly preferredSource?: Uint8Array;
  /** The metric: the lowest wins. IPv6 routes that ask for none get 1024. */
  readonly priority?: number;
  /** Bytes. */
  readonly mtu?: number;
  /** TCP's advertised segment size, in bytes. */
  readonly advmss?: number;
  /** The gateway is on the link, whatever the device's addresses say. */
  readonly onlink?: boolean;
  /** In place of gateway and outputInterface, where traffic is spread. */
  readonly nextHops?: readonly NextHop[];
  /** How it wraps packets by itself, LWTUNNEL_ENCAP_* (`ip route … encap`); read only. */
  readonly encapsulation?: number;
}

/** Body of an RTM_NEWROUTE or RTM_DELROUTE request. */
export function encodeRoute(route: Route): Uint8Array {
  return encodeBody(encode(rtmsg, headerOf(route)), attributesOf(route));
}

/** Which routes to list. */
export interface RouteFilter {
  /** AF_INET 2 or AF_INET6 10. */
  readonly family: number;
  /** Left out: all tables. */
  readonly table?: number;
  /** Index of the device that they lead over; left out: all. */
  readonly outputInterface?: number;
}

/** Body of an RTM_GETROUTE dump request. Kernels since 4.20 leave out what the filter does. */
export function encodeRouteQuery({
  family,
  table,
  outputInterface,
}: RouteFilter): Uint8Array {
  return encodeBody(encode(rtmsg, { rtm_family: family }), [
    ...(table === undefined ? [] : [attrU32(RTA_TABLE, table)]),
    ...(outputInterface === undefined
      ? []
      : [attrU32(RTA_OIF, outputInterface)]),
  ]);
}

/** What to answer a look-up with. */
export interface RouteLookup {
  /** The table's own entry (RTM_F_FIB_MATCH), not the way of the one packet. Linux 4.13 and later. */
  readonly fibMatch?: boolean;
}

/** Body of an RTM_GETROUTE request for the route that a packet takes: `ip route get [fibmatch]`. */
export function encodeRouteLookup(
  destination: Uint8Array,
  { fibMatch = false }: RouteLookup = {},
): Uint8Array {
  const family = familyOf(destination);
  // IPv6 always names the table, and refuses to be asked (inet6_rtm_valid_getroute_req() in net/ipv6/route.c).
  const lookupTable = family === AF_INET ? RTM_F_LOOKUP_TABLE : 0;
  const header = encode(rtmsg, {
    rtm_family: family,
    rtm_dst_len: destination.length * 8,
    rtm_flags: lookupTable | (fibMatch ? RTM_F_FIB_MATCH : 0),
  });
  return encodeBody(header, [attrBytes(RTA_DST, destination)]);
}

/** Reads the body of an RTM_NEWROUTE message. RangeError when malformed or neither IPv4 nor IPv6. */
export function decodeRoute(body: Uint8Array): Route {
  const header = decode(rtmsg, body);
  const fields = fieldsOf(decodeAttributes(body.subarray(rtmsg.size)));
  const metrics = fieldsOf(
    decodeAttributes(fields.bytes(RTA_METRICS) ?? new Uint8Array(0)),
  );
  const nextHops = fields.bytes(RTA_MULTIPATH);
  return present({
    destination: destinationOf(header, fields),
    table: fields.u32(RTA_TABLE) ?? header.rtm_table,
    protocol: header.rtm_protocol,
    scope: header.rtm_scope,
    type: header.rtm_type,
    gateway: gatewayOf(fields),
    outputInterface: fields.u32(RTA_OIF),
    preferredSource: fields.bytes(RTA_PREFSRC),
    priority: fields.u32(RTA_PRIORITY),
    mtu: metrics.u32(RTAX_MTU),
    advmss: metrics.u32(RTAX_ADVMSS),
    onlink: (header.rtm_flags & RTNH_F_ONLINK) !== 0 ? true : undefined,
    nextHops: nextHops && decodeNextHops(nextHops),
    encapsulation: encapsulationOf(fields),
  });
}

/** For messages: `10.0.0.0/24 via 192.0.2.1 in table 254`. */
export function formatRoute({ destination, gateway, table }: Route): string {
  const via = gateway === undefined ? "" : ` via ${formatAddress(gateway)}`;
  return `${formatPrefix(destination)}${via} in table ${table}`;
}

// Tables above 255 do not fit the header; RTA_TABLE then says which, as `ip` does it.
function headerOf(route: Route): Partial<ValueOf<typeof rtmsg>> {
  return {
    rtm_family: familyOf(route.destination.address),
    rtm_dst_len: route.destination.length,
    rtm_table: route.table < 256 ? route.table : RT_TABLE_UNSPEC,
    rtm_protocol: route.protocol,
    rtm_scope: route.scope,
    rtm_type: route.type,
    rtm_flags: route.onlink === true ? RTNH_F_ONLINK : 0,
  };
}

// In the order of `ip route add`, so that the bytes can be compared.
function attributesOf(route: Route): Attribute[] {
  const {
    destination,
    gateway,
    preferredSource,
    priority,
    table,
    outputInterface,
    nextHops,
  } = route;
  const metrics = metricsOf(route);
  const family = familyOf(destination.address);
  return [
    ...(destination.length === 0
      ? []
      : [attrBytes(RTA_DST, destination.address)]),
    ...(gateway === undefined ? [] : [encodeGateway(gateway, family)]),
    ...(preferredSource === undefined
      ? []
      : [attrBytes(RTA_PREFSRC, preferredSource)]),
    ...(priority === undefined ? [] : [attrU32(RTA_PRIORITY, priority)]),
    ...(table < 256 ? [] : [attrU32(RTA_TABLE, table)]),
    ...(outputInterface === undefined
      ? []
      : [attrU32(RTA_OIF, outputInterface)]),
    ...(metrics.length === 0 ? [] : [nestedPlain(RTA_METRICS, metrics)]),
    ...(nextHops === undefined
      ? []
      : [attrBytes(RTA_MULTIPATH, encodeNextHops(nextHops, family))]),
  ];
}

function metricsOf({ mtu, advmss }: Route): Attribute[] {
  return [
    ...(mtu === undefined ? [] : [attrU32(RTAX_MTU, mtu)]),
    ...(advmss === undefined ? [] : [attrU32(RTAX_ADVMSS, advmss)]),
  ];
}

// The default route comes without RTA_DST.
function destinationOf(
  header: ValueOf<typeof rtmsg>,
  fields: Fields,
): IpPrefix {
  const address =
    fields.bytes(RTA_DST) ?? new Uint8Array(addressLength(header.rtm_family));
  return { address, length: header.rtm_dst_len };
}
