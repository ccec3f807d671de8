import { CniError, ErrorCode } from "../../cni/error.ts";
import type { Request } from "../../cni/request.ts";
import type { Allocation } from "../allocator.ts";
import { exhausted } from "../error.ts";
import { leftOver } from "../liveness/left-over.ts";
import { tracesOf } from "../liveness/whereabouts.ts";
import { freeAddress, setText } from "../allocator.ts";
import { readConfiguration } from "../configuration/network.ts";
import { type IpamContext, placeOf } from "../context.ts";
import { preparePool } from "../pool.ts";
import { type DiskStore, withStore } from "../store/disk.ts";
import type { NetworkFolder } from "../folder/network-folder.ts";

/**
 * STATUS: an ADD would find a free address in each range set, and could write it down.
 *
 * @throws CniError 50 when not
 */
export function status(request: Request, context: IpamContext): void {
  const configuration = readConfiguration(request);
  const { sets, reserved } = preparePool(request, configuration, context);
  const { network } = configuration;
  const place = placeOf(configuration, context);
  const full = inWritableStore(place, (store) => {
    const without = (gone: ReadonlySet<string>): number =>
      firstFull(store, { sets, reserved, gone });
    const before = without(new Set());
    if (before < 0) return before;
    context.leave?.();
    if (context.leave !== undefined) return before;
    const traces = tracesOf(place, network, context.resultsDir);
    return without(new Set(leftOver(store.entries(), traces)));
  });
  const set = sets[full];
  if (set === undefined) return;
  throw exhausted(
    `Cannot serve ADD: no IP addresses available in ${setText(set)}`,
    `network "${network}", range set ${full}; "crosslink ipam list" shows who holds them`,
  );
}

/** The first range set without a free address, as an ADD would find it that frees what is gone; -1 when there is none. */
function firstFull(
  store: DiskStore,
  {
    sets,
    reserved,
    gone,
  }: Pick<Allocation, "sets" | "reserved"> & {
    readonly gone: ReadonlySet<string>;
  },
): number {
  const isTaken = (address: string): boolean =>
    store.isTaken(address) && !gone.has(address);
  return sets.findIndex((set, index) => {
    const last = store.lastReserved(index);
    return freeAddress(set, { isTaken, reserved, last }) === undefined;
  });
}

/** What keeps a store from being used keeps ADD from being served. */
function inWritableStore<Value>(
  place: NetworkFolder,
  work: (store: DiskStore) => Value,
): Value {
  try {
    return withStore(place, (store) => {
      store.rehearse();
      return work(store);
    });
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    throw new CniError(
      ErrorCode.notAvailable,
      `Cannot serve ADD: the store "${place.directory}" is not usable: ${error.message}`,
      { details: error.details, cause: error },
    );
  }
}
