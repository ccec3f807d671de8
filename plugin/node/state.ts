import type {
  ObservedAssociation,
  ObservedPolicy,
  Route,
  SecurityAssociation,
  SecurityPolicy,
} from "../../native/index.ts";

/** What the node's kernel should hold of ours. */
export interface DesiredState {
  /** These and policies may be made for who goes through them, the same each time. */
  readonly associations: Iterable<SecurityAssociation>;
  /** Reqids of charon's SAs, which are its own to make and to delete. */
  readonly ikeReqids: ReadonlySet<number>;
  /** Reqids of tunnels within the node's own cluster: what it needs first. */
  readonly nearReqids: ReadonlySet<number>;
  readonly policies: Iterable<SecurityPolicy>;
  readonly routes: readonly Route[];
  /** By path below /proc/sys. */
  readonly sysctls: ReadonlyMap<string, string>;
}

/** What the node's kernel holds, ours and everybody else's. */
export interface ObservedState {
  readonly associations: readonly ObservedAssociation[];
  readonly policies: readonly ObservedPolicy[];
  /** The main table. */
  readonly routes: readonly Route[];
  readonly sysctls: ReadonlyMap<string, string>;
}

/** What is wanted of a node that is linked to nothing. */
export const NOTHING: DesiredState = {
  associations: [],
  ikeReqids: new Set(),
  nearReqids: new Set(),
  policies: [],
  routes: [],
  sysctls: new Map(),
};
