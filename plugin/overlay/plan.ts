import { sameBytes } from "../../native/address.ts";
import type { AssignedAddress } from "../../native/route/interface-address.ts";
import type { Link } from "../../native/route/link.ts";
import type { SourceRule } from "../../native/route/rule.ts";
import type { Operation, RuleOperation } from "../reconcile/operation.ts";
import { describeRule } from "../reconcile/sentence.ts";
import { isOurs } from "./owner.ts";
import { planTables, type Steps } from "./plan-tables.ts";
import {
  type DesiredOverlay,
  type ObservedOverlay,
  OVERLAY_ADDRESS,
  OVERLAY_ALIAS,
  OVERLAY_ID,
  OVERLAY_NAME,
  OVERLAY_PORT,
  type OverlayDevice,
  REVERSE_PATH_LOOSE,
  reversePathFilterPath,
} from "./state.ts";

/** RT_SCOPE_HOST: include/uapi/linux/rtnetlink.h. */
const SCOPE_HOST = 254;

/** The steps for the overlay: before routes lead over it, and after none does any more. */
export interface OverlayPlan {
  readonly needed: readonly Operation[];
  readonly stale: readonly Operation[];
  readonly conflicts: readonly string[];
  /** Of a device that is made anew, by which the routes over it are lost. */
  readonly lostIndex?: number;
}

/** Compares what is wanted of the overlay with what is there. Pure. */
export function planOverlay(
  desired: DesiredOverlay,
  observed: ObservedOverlay,
): OverlayPlan {
  const rules = planRules(desired.rules, observed.rules);
  const { device } = desired;
  if (device === undefined)
    return {
      needed: rules.needed,
      stale: [...rules.stale, ...removal(observed)],
      conflicts: [],
    };
  const { link } = observed;
  if (link !== undefined && !isOurs(link))
    return { ...rules, conflicts: [foreign(link)] };
  if (link !== undefined && isBuiltAs(device, link)) {
    const tables = planTables(desired, observed, device.index);
    return {
      needed: [
        ...mend(device, observed, link),
        ...tables.needed,
        ...rules.needed,
      ],
      stale: [...rules.stale, ...tables.stale],
      conflicts: [],
    };
  }
  const verb = link === undefined ? "add" : "replace";
  return {
    needed: [
      { object: "overlay", verb, device },
      ...furnish(device, NOTHING_YET),
      ...planTables(desired, NOTHING_YET, device.index).needed,
      ...rules.needed,
    ],
    stale: rules.stale,
    conflicts: [],
    ...(link === undefined ? {} : { lostIndex: link.index }),
  };
}

const NOTHING_YET: ObservedOverlay = {
  addressed: false,
  neighbours: [],
  targets: [],
  rules: [],
};

/** What the kernel cannot change of a device, and what only a new one gets right. */
function isBuiltAs(device: OverlayDevice, { vxlan, address }: Link): boolean {
  return (
    vxlan?.id === OVERLAY_ID &&
    vxlan.port === OVERLAY_PORT &&
    !vxlan.learning &&
    vxlan.local !== undefined &&
    sameBytes(vxlan.local, device.local) &&
    sameBytes(address, device.hardwareAddress)
  );
}

function mend(
  device: OverlayDevice,
  observed: ObservedOverlay,
  link: Link,
): Operation[] {
  const isRight = link.up && link.mtu === device.mtu;
  return [
    ...(isRight
      ? []
      : [{ object: "overlay", verb: "update", device } as const]),
    ...furnish(device, observed),
  ];
}

/** Its mark, its address and its sysctl. */
function furnish(
  { index }: OverlayDevice,
  { link, addressed, reversePathFilter }: ObservedOverlay,
): Operation[] {
  const steps: Operation[] = [];
  if (link?.alias !== OVERLAY_ALIAS)
    steps.push({
      object: "label",
      verb: "set",
      link: { index, name: OVERLAY_NAME },
      text: OVERLAY_ALIAS,
    });
  if (!addressed)
    steps.push({ object: "address", verb: "add", assigned: addressFor(index) });
  if (reversePathFilter !== REVERSE_PATH_LOOSE)
    steps.push({
      object: "sysctl",
      verb: "set",
      path: reversePathFilterPath,
      value: REVERSE_PATH_LOOSE,
    });
  return steps;
}

function addressFor(index: number): AssignedAddress {
  const address = OVERLAY_ADDRESS;
  return { index, address, prefixLength: 32, scope: SCOPE_HOST };
}

function planRules(
  desired: readonly SourceRule[],
  observed: readonly SourceRule[],
): Steps<RuleOperation> {
  const present = new Set(observed.map(describeRule));
  const wanted = new Set(desired.map(describeRule));
  return {
    needed: desired
      .filter((rule) => !present.has(describeRule(rule)))
      .map((rule) => ({ object: "rule", verb: "add", rule })),
    stale: observed
      .filter((rule) => !wanted.has(describeRule(rule)))
      .map((rule) => ({ object: "rule", verb: "delete", rule })),
  };
}

/** With the device goes all that is on it. */
function removal({ link }: ObservedOverlay): Operation[] {
  if (link === undefined || !isOurs(link)) return [];
  const { index, vxlan, address: hardwareAddress, mtu } = link;
  const local = vxlan?.local ?? new Uint8Array(4);
  const device = { index, local, hardwareAddress, mtu };
  return [{ object: "overlay", verb: "delete", device }];
}

function foreign({ kind, alias }: Link): string {
  const what = [
    kind ?? "device",
    ...(alias === undefined ? [] : [`with the alias "${alias}"`]),
  ].join(" ");
  return `another program's ${what} has the name ${OVERLAY_NAME}, which crosslink needs for its VXLAN device: remove it`;
}
