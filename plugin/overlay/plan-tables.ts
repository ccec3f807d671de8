import { formatAddress, sameBytes } from "../../native/address.ts";
import type {
  NeighbourOperation,
  TargetOperation,
} from "../reconcile/operation.ts";
import type {
  DesiredOverlay,
  ObservedOverlay,
  OverlayNeighbour,
  OverlayTarget,
} from "./state.ts";

/** What is to be there and is not, or is otherwise; and what is there and is not to be. */
export interface Steps<Step> {
  readonly needed: readonly Step[];
  readonly stale: readonly Step[];
}

/** Both of the device's tables: who has which hardware address, and where that is. */
export function planTables(
  desired: DesiredOverlay,
  observed: ObservedOverlay,
  index: number,
): Steps<NeighbourOperation | TargetOperation> {
  const neighbours = planNeighbours(
    desired.neighbours,
    observed.neighbours,
    index,
  );
  const targets = planTargets(desired.targets, observed.targets, index);
  return {
    needed: [...targets.needed, ...neighbours.needed],
    stale: [...neighbours.stale, ...targets.stale],
  };
}

function planNeighbours(
  desired: readonly OverlayNeighbour[],
  observed: readonly OverlayNeighbour[],
  index: number,
): Steps<NeighbourOperation> {
  const changes = compare(desired, observed, {
    nameOf: ({ address }) => formatAddress(address),
    isSame: (a, b) => sameBytes(a.hardwareAddress, b.hardwareAddress),
  });
  return steps(changes, (verb, { address, hardwareAddress }) => ({
    object: "neighbour",
    verb,
    neighbour: { index, address, hardwareAddress },
  }));
}

function planTargets(
  desired: readonly OverlayTarget[],
  observed: readonly OverlayTarget[],
  index: number,
): Steps<TargetOperation> {
  const changes = compare(desired, observed, {
    nameOf: ({ hardwareAddress }) => hardwareAddress.join(":"),
    isSame: (a, b) => sameBytes(a.destination, b.destination),
  });
  return steps(changes, (verb, { hardwareAddress, destination }) => ({
    object: "target",
    verb,
    entry: { index, hardwareAddress, destination },
  }));
}

interface Changes<Item> {
  readonly missing: readonly Item[];
  readonly different: readonly Item[];
  readonly stale: readonly Item[];
}

/** `nameOf` is what makes two entries one for the kernel. */
function compare<Item>(
  desired: readonly Item[],
  observed: readonly Item[],
  by: {
    readonly nameOf: (item: Item) => string;
    readonly isSame: (a: Item, b: Item) => boolean;
  },
): Changes<Item> {
  const present = new Map(observed.map((item) => [by.nameOf(item), item]));
  const wanted = new Set(desired.map(by.nameOf));
  return {
    missing: desired.filter((item) => !present.has(by.nameOf(item))),
    different: desired.filter((item) => {
      const found = present.get(by.nameOf(item));
      return found !== undefined && !by.isSame(item, found);
    }),
    stale: observed.filter((item) => !wanted.has(by.nameOf(item))),
  };
}

function steps<Item, Step>(
  { missing, different, stale }: Changes<Item>,
  step: (verb: "add" | "replace" | "delete", item: Item) => Step,
): Steps<Step> {
  return {
    needed: [
      ...missing.map((item) => step("add", item)),
      ...different.map((item) => step("replace", item)),
    ],
    stale: stale.map((item) => step("delete", item)),
  };
}
