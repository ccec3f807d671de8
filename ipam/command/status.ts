import { CniError, ErrorCode } from "../../cni/error.ts";
import type { Request } from "../../cni/request.ts";
import { freeAddress, setText } from "../allocator.ts";
import { readConfiguration } from "../configuration/network.ts";
import { type IpamContext, placeOf } from "../context.ts";
import { preparePool } from "../pool.ts";
import { type DiskStore, withStore } from "../store/disk.ts";
import type { Place } from "../folder/place.ts";

/**
 * STATUS: an ADD would find a free address in each range set, and could write it down.
 *
 * @throws CniError 50 when not
 */
export function status(request: Request, context: IpamContext): void {
  const configuration = readConfiguration(request);
  const { sets, reserved } = preparePool(request, configuration, context);
  const full = inWritableStore(placeOf(configuration, context), (store) =>
    sets.findIndex((set, index) => {
      const last = store.lastReserved(index);
      return freeAddress(set, { ...store, reserved, last }) === undefined;
    }),
  );
  const set = sets[full];
  if (set === undefined) return;
  throw new CniError(
    ErrorCode.notAvailable,
    `Cannot serve ADD: no IP addresses available in ${setText(set)}`,
    {
      details: `network "${configuration.network}", range set ${full}; "crosslink ipam list" shows who holds them`,
    },
  );
}

/** What keeps a store from being used keeps ADD from being served. */
function inWritableStore<Value>(
  place: Place,
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
