import type { Section } from "../vici/message.ts";

/** An IKE_SA as charon lists it, with its children. */
export interface ListedIke {
  readonly connection: string;
  readonly state: string;
  readonly localId: string;
  readonly remoteId: string;
  /** The address at which the peer is, with NAT the NAT's. */
  readonly remoteHost: string;
  /** Such as "AES_GCM_16-256/PRF_HMAC_SHA2_384/CURVE_25519". */
  readonly algorithms: string;
  readonly ageSeconds: number;
  readonly rekeySeconds: number | undefined;
  readonly children: readonly ListedChild[];
}

/** A CHILD_SA: a pair of the kernel's SAs. */
export interface ListedChild {
  /** What charon calls it; it gives no number twice. */
  readonly id: string;
  readonly state: string;
  readonly spiIn: number | undefined;
  readonly spiOut: number | undefined;
  readonly algorithms: string;
  readonly inUdp: boolean;
  readonly ageSeconds: number;
  readonly rekeySeconds: number | undefined;
  /** Since a packet came in by it; undefined where none has. */
  readonly heardSeconds: number | undefined;
}

/** Reads a `list-sa` event. Whatever it lacks is empty or undefined: a newer charon may say things otherwise. */
export function readListed(message: Section): ListedIke[] {
  return Object.entries(message).flatMap(([connection, value]) => {
    const ike = asSection(value);
    if (ike === undefined) return [];
    const children = Object.values(asSection(ike["child-sas"]) ?? {});
    return [
      {
        connection,
        state: text(ike, "state"),
        localId: text(ike, "local-id"),
        remoteId: text(ike, "remote-id"),
        remoteHost: text(ike, "remote-host"),
        algorithms: algorithmsOf(ike),
        ageSeconds: number(ike, "established", 10) ?? 0,
        rekeySeconds: number(ike, "rekey-time", 10),
        children: children.flatMap(readChild),
      },
    ];
  });
}

function readChild(value: Section[string]): ListedChild[] {
  const child = asSection(value);
  if (child === undefined) return [];
  return [
    {
      id: text(child, "uniqueid"),
      state: text(child, "state"),
      spiIn: number(child, "spi-in", 16),
      spiOut: number(child, "spi-out", 16),
      algorithms: `${algorithmsOf(child)}${text(child, "esn") === "1" ? "/ESN" : ""}`,
      inUdp: text(child, "encap") === "yes",
      ageSeconds: number(child, "install-time", 10) ?? 0,
      rekeySeconds: number(child, "rekey-time", 10),
      heardSeconds: number(child, "use-in", 10),
    },
  ];
}

function algorithmsOf(section: Section): string {
  const bits = text(section, "encr-keysize");
  const cipher = text(section, "encr-alg");
  return [
    bits === "" ? cipher : `${cipher}-${bits}`,
    text(section, "prf-alg"),
    text(section, "dh-group"),
  ]
    .filter((part) => part !== "")
    .join("/");
}

function asSection(value: Section[string] | undefined): Section | undefined {
  return typeof value === "object" && !Array.isArray(value)
    ? (value as Section)
    : undefined;
}

function text(section: Section, key: string): string {
  const value = section[key];
  return typeof value === "string" ? value : "";
}

function number(
  section: Section,
  key: string,
  radix: 10 | 16,
): number | undefined {
  const value = Number.parseInt(text(section, key), radix);
  return Number.isSafeInteger(value) ? value : undefined;
}
