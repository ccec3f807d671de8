import { decodeAttributes, readU32 } from "../attribute.ts";
import type { Binding } from "../binding.ts";
import type { Conversation, Request } from "../conversation.ts";
import { ignoring, NetlinkError } from "../error.ts";
import { decode } from "../layout.ts";
import {
  type NamespaceOption,
  NETLINK_XFRM,
  openConversation,
} from "../socket.ts";
import {
  XFRM_USERPOLICY_BLOCK,
  XFRMA_SAD_CNT,
  XFRMA_SPD_INFO,
} from "./constants.ts";
import * as request from "./request.ts";
import { sharedAddresses } from "./codec/address.ts";
import { decodeAssociation } from "./codec/association-decode.ts";
import type {
  AssociationId,
  CurrentChange,
  ObservedAssociation,
  SecurityAssociation,
} from "./sa.ts";
import { decodePolicy } from "./codec/policy-decode.ts";
import type { ObservedPolicy, PolicyId, SecurityPolicy } from "./sp.ts";
import { xfrmUserpolicyDefault, xfrmuSpdinfo } from "./structs.ts";

/** One result an item, in order: the kernel's refusal, or undefined where it did as asked. */
export type Outcomes = (NetlinkError | undefined)[];

/**
 * The SAD and SPD (RFC 4301 §4.4) of one network namespace. Methods throw NetlinkError, and RangeError for values that
 * fit no kernel field. Those that take many items send them in few datagrams, and one failure does not stop the others.
 */
export interface XfrmClient {
  /** Tells what was done by it from what others did, in the messages of both. */
  readonly mark: number;
  associations(): ObservedAssociation[];
  /** Undefined where there is none. */
  getAssociation(id: AssociationId): ObservedAssociation | undefined;
  /** EEXIST where destination, SPI, protocol and mark are taken. `missingAlgorithm` explains what the kernel lacks. */
  addAssociation(sa: SecurityAssociation): void;
  /**
   * Changes lifetimes, if_id and the ports of an encapsulation that is there; EINVAL to add one or take it away, and key,
   * addresses and reqid silently stay (xfrm_state_update() in net/xfrm/xfrm_state.c). ESRCH where there is none.
   */
  updateAssociation(sa: SecurityAssociation): void;
  /** ESRCH where there is none. Its source is not compared. */
  deleteAssociation(id: AssociationId): void;
  addAssociations(list: readonly SecurityAssociation[]): Outcomes;
  updateAssociations(list: readonly SecurityAssociation[]): Outcomes;
  deleteAssociations(list: readonly AssociationId[]): Outcomes;
  /**
   * Sets when SAs were made, and what they have carried. Of several that serve a template the kernel takes the one whose
   * `addTimeSeconds` is the greatest (xfrm_state_look_at() in net/xfrm/xfrm_state.c). ESRCH where there is none.
   */
  setCurrents(list: readonly CurrentChange[]): Outcomes;
  countAssociations(): number;

  /** Those of sockets too: their `foreign` says so. Equal addresses are one array. */
  policies(): ObservedPolicy[];
  /** Undefined where there is none. */
  getPolicy(id: PolicyId): ObservedPolicy | undefined;
  /** EEXIST where selector, direction, mark and ifId are taken, whatever the priority. */
  addPolicy(policy: SecurityPolicy): void;
  /** Adds it, or takes the place of the one with its selector, direction, mark and ifId. */
  updatePolicy(policy: SecurityPolicy): void;
  /** ENOENT where there is none. */
  deletePolicy(id: PolicyId): void;
  addPolicies(list: readonly SecurityPolicy[]): Outcomes;
  updatePolicies(list: readonly SecurityPolicy[]): Outcomes;
  deletePolicies(list: readonly PolicyId[]): Outcomes;
  countPolicies(): PolicyCounts;
  /** The directions in which what no policy is for is blocked; none where the kernel knows no such default (before Linux 5.15). */
  blockedByDefault(): ("in" | "out" | "fwd")[];
  close(): void;
}

/** How many policies there are, by direction, those of sockets apart. */
export interface PolicyCounts {
  readonly in: number;
  readonly out: number;
  readonly fwd: number;
}

/** Opens a client for the calling thread's network namespace, or for another. Throws NetlinkError. */
export function openXfrm(
  binding: Binding,
  options: NamespaceOption = {},
): XfrmClient {
  const mark = FIRST_MARK + Math.floor(Math.random() * FIRST_MARK);
  const conversation = { ...options, mark };
  return xfrmClient(openConversation(binding, NETLINK_XFRM, conversation));
}

/** Beyond all ids of processes (4,194,304), which other programs may put there. */
const FIRST_MARK = 2 ** 30;

/** A client over a conversation that is open already, which it then owns. */
export function xfrmClient(conversation: Conversation): XfrmClient {
  return {
    mark: conversation.mark,
    ...associationMethods(conversation),
    ...policyMethods(conversation),
    close: () => {
      conversation.close();
    },
  };
}

function associationMethods(conversation: Conversation) {
  const { one, many } = senders(conversation);
  return {
    associations: () =>
      conversation.dumpRead(request.listAssociations(), ({ body }) =>
        decodeAssociation(body),
      ),
    getAssociation: (id: AssociationId) =>
      lookUp(conversation, request.getAssociation(id), decodeAssociation),
    addAssociation: one(request.addAssociation),
    updateAssociation: one(request.updateAssociation),
    deleteAssociation: one(request.deleteAssociation),
    addAssociations: many(request.addAssociation),
    updateAssociations: many(request.updateAssociation),
    deleteAssociations: many(request.deleteAssociation),
    setCurrents: many(request.setCurrent),
    countAssociations: () =>
      readU32(
        information(conversation, request.countAssociations(), XFRMA_SAD_CNT),
      ),
  };
}

function policyMethods(conversation: Conversation) {
  const { one, many } = senders(conversation);
  return {
    policies: () => {
      const address = sharedAddresses();
      return conversation.dumpRead(request.listPolicies(), ({ body }) =>
        decodePolicy(body, address),
      );
    },
    getPolicy: (id: PolicyId) =>
      lookUp(conversation, request.getPolicy(id), decodePolicy),
    addPolicy: one(request.addPolicy),
    updatePolicy: one(request.updatePolicy),
    deletePolicy: one(request.deletePolicy),
    addPolicies: many(request.addPolicy),
    updatePolicies: many(request.updatePolicy),
    deletePolicies: many(request.deletePolicy),
    countPolicies: () => {
      const { incnt, outcnt, fwdcnt } = decode(
        xfrmuSpdinfo,
        information(conversation, request.countPolicies(), XFRMA_SPD_INFO),
      );
      return { in: incnt, out: outcnt, fwd: fwdcnt };
    },
    blockedByDefault: () => blockedByDefault(conversation),
  };
}

function blockedByDefault(
  conversation: Conversation,
): ("in" | "out" | "fwd")[] {
  const reply = ignoring(["EINVAL"], () =>
    conversation.ask(request.getDefaults()),
  );
  if (reply === undefined) return [];
  const defaults = decode(xfrmUserpolicyDefault, reply.body);
  return (["in", "fwd", "out"] as const).filter(
    (direction) => defaults[direction] === XFRM_USERPOLICY_BLOCK,
  );
}

function senders(conversation: Conversation) {
  return {
    one:
      <Item>(build: (item: Item) => Request) =>
      (item: Item): void => {
        conversation.execute(build(item));
      },
    many:
      <Item>(build: (item: Item) => Request) =>
      (items: readonly Item[]): Outcomes =>
        conversation.executeAll(items.map(build)),
  };
}

/** SAs that are not there are ESRCH, policies ENOENT. */
function lookUp<Item>(
  conversation: Conversation,
  wanted: Request,
  decodeItem: (body: Uint8Array) => Item,
): Item | undefined {
  try {
    return decodeItem(conversation.ask(wanted).body);
  } catch (error) {
    if (
      error instanceof NetlinkError &&
      (error.code === "ESRCH" || error.code === "ENOENT")
    )
      return undefined;
    throw error;
  }
}

/** An attribute of `XFRM_MSG_NEWSADINFO` or `XFRM_MSG_NEWSPDINFO`; 4 bytes of flags come before them. */
function information(
  conversation: Conversation,
  query: Request,
  type: number,
): Uint8Array {
  const { body } = conversation.ask(query);
  const attributes = decodeAttributes(body.subarray(4));
  return attributes.get(type) ?? new Uint8Array(0);
}
