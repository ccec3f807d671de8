import type { Authority } from "../../x509/certificate.ts";
import { LONGEST_LIST } from "../../x509/longest.ts";
import {
  readRevocationList,
  type Revocation,
  revocationList,
  type RevocationList,
} from "../../x509/revocation.ts";
import type { ApiObject } from "../api/object.ts";
import type { ClusterObject } from "../kinds.ts";
import { REVOKED } from "../names.ts";
import { NODE_SECONDS } from "./sign.ts";
import { holding, type SignedByNode } from "./signed.ts";

/** A list holds as long as an authority: it is replaced when there is more to revoke, not by the calendar. */
const LIST_MS = 3650 * 24 * 3600 * 1000;

/** What a cluster knows of its nodes' certificates. */
interface Known {
  readonly cluster: string;
  readonly nodes: readonly ApiObject[];
  readonly signed: SignedByNode;
  /** Nodes that the admin names. */
  readonly named: ReadonlySet<string>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The names of Nodes whose certificates the admin revokes. */
export function namedIn({ metadata }: ClusterObject): Set<string> {
  const text = metadata.annotations?.[REVOKED] ?? "";
  return new Set(text.split(/[\s,]+/).filter((name) => name !== ""));
}

/**
 * What is not to be believed any more: all of a node that the admin names, and what was signed for an earlier Node of a name that
 * there is again. Of a Node that is gone nobody believes anything, since no file has its name.
 */
export function revocations(known: Known): Revocation[] {
  const { cluster, nodes, signed, named, now } = known;
  const uids = new Map(nodes.map(({ metadata: { name, uid } }) => [name, uid]));
  return [...signed.values()].flatMap((one) => {
    const uid = uids.get(one.node);
    const isSpent = ({ node }: { readonly node: string }): boolean =>
      named.has(one.node) || (uid !== undefined && node !== uid);
    return holding(one, now)
      .filter(isSpent)
      .map(({ serial }) => ({
        ...{ serial, since: new Date(now) },
        identity: `${one.node}.${cluster}`,
      }));
  });
}

/** Names that revoke nothing, and keep nobody from being signed: they are likely misspelt. */
export function strayNames({ nodes, signed, named, now }: Known): string[] {
  const known = new Set(nodes.map(({ metadata }) => metadata.name));
  return [...named].filter(
    (name) => !known.has(name) && holding(signed.get(name), now).length === 0,
  );
}

/** A list of this authority; undefined for what is none. */
export function listIn(
  pem: string | undefined,
  ca: string,
): RevocationList | undefined {
  if (pem === undefined) return undefined;
  try {
    return readRevocationList(pem, ca);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return undefined;
  }
}

/**
 * The list that is to follow another one: with all that it has, but what cannot hold any more.
 *
 * @returns undefined where there is nothing new; a sentence where it would be too long
 */
export function nextList(
  authority: Authority,
  { before, wanted, now }: NextList,
): { readonly list: string } | string | undefined {
  const had = before?.revoked ?? [];
  const serials = new Set(had.map(({ serial }) => serial));
  const fresh = wanted.filter(({ serial }) => !serials.has(serial));
  if (fresh.length === 0) return undefined;
  const kept = had.filter(
    ({ since }) => since.getTime() + NODE_SECONDS * 1000 > now,
  );
  const list = revocationList(authority, [...kept, ...fresh], {
    // By the clock: also after a list that was lost it is larger than what others have read.
    number: Math.max((before?.number ?? 0) + 1, Math.floor(now / 1000)),
    from: new Date(now),
    until: new Date(now + LIST_MS),
  });
  return list.length <= LONGEST_LIST
    ? { list }
    : "more certificates are revoked than a list has room for, and the last ones are still believed: give this cluster another authority";
}

interface NextList {
  readonly before: RevocationList | undefined;
  readonly wanted: readonly Revocation[];
  readonly now: number;
}
