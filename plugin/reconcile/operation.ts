import type {
  Route,
  SecurityAssociation,
  SecurityPolicy,
  SourceRule,
} from "../../native/index.ts";

/** One step from what the kernel holds to what it should hold. Data, so that it can be shown. */
export type Operation =
  | PolicyOperation
  | AssociationOperation
  | RouteOperation
  | SysctlOperation
  | LabelOperation
  | RuleOperation
  | LinkOperation
  | ProxyOperation;

export interface PolicyOperation {
  readonly object: "policy";
  readonly verb: "add" | "update" | "delete";
  readonly policy: SecurityPolicy;
}

/** `replace` deletes and adds: XFRM_MSG_UPDSA cannot change a key, an address or a reqid. */
export interface AssociationOperation {
  readonly object: "association";
  readonly verb: "add" | "replace" | "delete";
  readonly association: SecurityAssociation;
}

export interface RouteOperation {
  readonly object: "route";
  readonly verb: "add" | "replace" | "delete";
  readonly route: Route;
}

interface SysctlOperation {
  readonly object: "sysctl";
  readonly verb: "set";
  /** Below /proc/sys. */
  readonly path: string;
  readonly value: string;
}

/** Marks a pod's host interface with its attachment, or takes the mark away (`text` is empty). */
interface LabelOperation {
  readonly object: "label";
  readonly verb: "set";
  readonly link: { readonly index: number; readonly name: string };
  readonly text: string;
}

/** Of what an earlier version left behind. */
interface RuleOperation {
  readonly object: "rule";
  readonly verb: "delete";
  readonly rule: SourceRule;
}

/** Of what an earlier version left behind. */
interface LinkOperation {
  readonly object: "link";
  readonly verb: "delete";
  readonly link: { readonly index: number; readonly name: string };
}

/** Answers neighbour solicitations for an address on a pod's link. */
interface ProxyOperation {
  readonly object: "proxy";
  readonly verb: "add" | "delete";
  readonly link: { readonly index: number; readonly name: string };
  readonly address: Uint8Array;
}
