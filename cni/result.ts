import { CniError, ErrorCode } from "./error.ts";
import {
  type Entry,
  type Fields,
  fields,
  integer,
  list,
  optional,
  required,
  string,
  strings,
} from "./fields.ts";
import { resultShape } from "./version.ts";

/** An interface that ADD made or found (SPEC.md 1.1.0 §5 "Success"). */
interface Interface {
  readonly name: string;
  readonly mac?: string;
  /** The namespace's path; absent for interfaces on the host. */
  readonly sandbox?: string;
  readonly mtu?: number;
  readonly socketPath?: string;
  readonly pciID?: string;
}

/** An address that the container has. */
interface IpConfiguration {
  /** Address and prefix length in CIDR notation; host bits are meant to be set. */
  readonly address: string;
  readonly gateway?: string;
  /** Index into the result's `interfaces`. Comes from another program: may be out of range. */
  readonly interface?: number;
}

/** A route in the container's namespace. */
export interface Route {
  readonly dst: string;
  readonly gw?: string;
  readonly mtu?: number;
  readonly advmss?: number;
  readonly priority?: number;
  readonly table?: number;
  readonly scope?: number;
}

/** What the container should write into resolv.conf. */
export interface Dns {
  readonly nameservers?: readonly string[];
  readonly domain?: string;
  readonly search?: readonly string[];
  readonly options?: readonly string[];
}

/** ADD's result in the fields of the newest version, whatever version it was written in. */
export interface Result {
  /** The version that the result was written in. */
  readonly cniVersion: string;
  readonly interfaces: readonly Interface[];
  readonly ips: readonly IpConfiguration[];
  readonly routes: readonly Route[];
  readonly dns: Dns;
}

/**
 * Reads a result of any supported version. Tolerant: `null` means absent, unknown keys are
 * ignored, and a result that doesn't tell its version has the configuration's, as in libcni's
 * `ParsePrevResult`.
 *
 * @param version the version to assume
 * @throws CniError 6 with the pointer of what is malformed; 1 for an unsupported version
 */
export function parseResult(raw: unknown, version: string): Result {
  const result = fields(raw, "");
  const cniVersion = string(result, "cniVersion", "") ?? version;
  const common = {
    cniVersion,
    dns: parseDns(fields(result["dns"] ?? {}, "/dns")),
  };
  if (resultShape(cniVersion) === "pair") {
    return { ...common, interfaces: [], ...parsePair(result) };
  }
  return {
    ...common,
    interfaces: list(result, "interfaces", "").map(parseInterface),
    ips: list(result, "ips", "").map(parseIp),
    routes: list(result, "routes", "").map(parseRoute),
  };
}

/**
 * Writes a result in `version`, converted as libcni does: before 1.0.0 interfaces lose `mtu`,
 * `socketPath` and `pciID` and addresses say their family; before 0.3.0 only the first address of
 * each family is kept, and only `dst` and `gw` of the routes of a kept family.
 *
 * @throws CniError 1 for an unsupported version, or when no address is left to write
 */
export function convertResult(
  result: Result,
  version: string,
): Record<string, unknown> {
  const shape = resultShape(version);
  if (shape === "pair") return { cniVersion: version, ...writePair(result) };
  const list = shape === "list";
  const { interfaces, ips, routes, dns } = result;
  return {
    cniVersion: version,
    ...present("interfaces", list ? interfaces : interfaces.map(untagged)),
    ...present("ips", list ? ips : ips.map(tagged)),
    ...present("routes", routes),
    // libcni writes an empty `dns` before 1.0.0, and none since
    ...(list && Object.keys(dns).length === 0 ? {} : { dns }),
  };
}

function present(key: string, items: readonly unknown[]): object {
  return items.length > 0 ? { [key]: items } : {};
}

function untagged({ name, mac, sandbox }: Interface): Interface {
  return { name, ...(mac && { mac }), ...(sandbox && { sandbox }) };
}

function tagged(ip: IpConfiguration): object {
  return { version: family(ip.address), ...ip };
}

function writePair({ ips, routes, dns }: Result): object {
  const pair = (["4", "6"] as const).map((version) => {
    const ip = ips.find(({ address }) => family(address) === version);
    if (ip === undefined) return {};
    const own = routes
      .filter(({ dst }) => family(dst) === version)
      .map(({ dst, gw }) => ({ dst, ...(gw && { gw }) }));
    const gateway = ip.gateway && { gateway: ip.gateway };
    const entry = { ip: ip.address, ...gateway, ...present("routes", own) };
    return { [`ip${version}`]: entry };
  });
  if (pair.every((entry) => Object.keys(entry).length === 0)) {
    throw new CniError(
      ErrorCode.incompatibleVersion,
      "Cannot write the result in CNI 0.2.0: it holds no IP address",
      { details: 'set "cniVersion" to "0.4.0" or more in the conflist' },
    );
  }
  return { ...pair[0], ...pair[1], dns };
}

/** Go's `IP.To4()` takes an IPv4-mapped IPv6 address for an IPv4 one. */
function family(address: string): "4" | "6" {
  return !address.includes(":") || /^::ffff:[\d.]+\//i.test(address)
    ? "4"
    : "6";
}

/** 0.1.0 and 0.2.0: one address a family, each with its own routes. */
function parsePair(result: Fields): Pick<Result, "ips" | "routes"> {
  const families = ["ip4", "ip6"].filter((key) => result[key] != null);
  const entries = families.map((key): Entry => {
    return [fields(result[key], `/${key}`), `/${key}`];
  });
  return {
    ips: entries.map(([entry, pointer]) => {
      const address = required(entry, "ip", pointer);
      return { address, ...optional(entry, pointer, string, ["gateway"]) };
    }),
    routes: entries.flatMap(([entry, pointer]) =>
      list(entry, "routes", pointer).map(parseRoute),
    ),
  };
}

function parseInterface([entry, pointer]: Entry): Interface {
  return {
    name: string(entry, "name", pointer) ?? "",
    ...optional(entry, pointer, string, [
      "mac",
      "sandbox",
      "socketPath",
      "pciID",
    ]),
    ...optional(entry, pointer, integer, ["mtu"]),
  };
}

function parseIp([entry, pointer]: Entry): IpConfiguration {
  return {
    address: required(entry, "address", pointer),
    ...optional(entry, pointer, string, ["gateway"]),
    ...optional(entry, pointer, integer, ["interface"]),
  };
}

function parseRoute([entry, pointer]: Entry): Route {
  return {
    dst: required(entry, "dst", pointer),
    ...optional(entry, pointer, string, ["gw"]),
    ...optional(entry, pointer, integer, [
      "mtu",
      "advmss",
      "priority",
      "table",
      "scope",
    ]),
  };
}

function parseDns(dns: Fields): Dns {
  return {
    ...optional(dns, "/dns", strings, ["nameservers"]),
    ...optional(dns, "/dns", string, ["domain"]),
    ...optional(dns, "/dns", strings, ["search", "options"]),
  };
}
