import { isDeepStrictEqual } from "node:util";
import { CniError, ErrorCode } from "../../cni/error.ts";
import { type DiskStore, withStore } from "../store/disk.ts";
import { syncDirectory } from "../folder/durable.ts";
import { removeNotes, removeNotesFolder } from "../folder/notes.ts";
import {
  type Holding,
  placeFor,
  type Premises,
  takeInventory,
} from "./inventory.ts";
import { renderDetails, renderTable } from "./render.ts";

/** How an admin wants it. */
export interface AdminOptions {
  readonly json: boolean;
  /** `free`: every address whose namespace is gone, instead of those that are named. */
  readonly stale?: boolean;
}

/**
 * Runs `list [network…]`, `show <address|container>…` or `free <address…|--stale>`.
 *
 * `free` refuses an address whose holder's namespace still exists: two pods would share it.
 *
 * @returns what to print, without a closing newline
 * @throws CniError 7 for words that mean nothing here, 5 for what cannot be read or freed
 */
export function administer(
  words: readonly string[],
  options: AdminOptions,
  premises: Premises,
): string {
  const [verb = "list", ...names] = words;
  if (options.stale === true && verb !== "free")
    throw misuse(`--stale goes with free, and "${verb}" is something else`);
  const all = takeInventory(premises);
  const print = (
    holdings: readonly Holding[],
    text: typeof renderTable,
  ): string =>
    options.json ? JSON.stringify(holdings, null, 2) : text(holdings);
  switch (verb) {
    case "list":
      return print(
        all.filter(
          ({ network }) => names.length === 0 || names.includes(network),
        ),
        renderTable,
      );
    case "show":
      return print(pick(all, names, verb), renderDetails);
    case "free":
      return print(
        freeHoldings(pickFreeable(all, names, options), premises),
        renderFreed,
      );
    default:
      throw misuse(`"${verb}" is not list, show or free`);
  }
}

function pickFreeable(
  all: readonly Holding[],
  names: readonly string[],
  { stale }: AdminOptions,
): readonly Holding[] {
  if (stale === true) {
    if (names.length > 0) throw misuse("give addresses or --stale, not both");
    return all.filter((holding) => holding.stale === true);
  }
  const chosen = pick(all, names, "free");
  names.forEach((name) => {
    requireOneNetwork(chosen, name);
  });
  chosen.forEach(requireFreeable);
  return chosen;
}

/** Networks may use the same addresses. */
function requireOneNetwork(chosen: readonly Holding[], name: string): void {
  const networks = chosen
    .filter(({ address }) => address === name)
    .map(({ network }) => `"${network}"`);
  if (networks.length <= 1) return;
  throw misuse(
    `${name} is held in the networks ${networks.join(" and ")}; name the container instead`,
  );
}

function requireFreeable({
  address,
  kind,
  stale,
  containerID,
  netns,
}: Holding): void {
  if (stale === false) {
    throw misuse(
      `container "${containerID ?? ""}" still has ${address}, in "${netns ?? ""}"; remove the pod, which frees it`,
    );
  }
  if (kind === "foreign") {
    throw misuse(
      `the file "${address}" is no reservation; look at it, then remove it yourself`,
    );
  }
}

/** Holdings by address or container ID. Throws CniError 7 for a name that nothing has. */
function pick(
  all: readonly Holding[],
  names: readonly string[],
  verb: string,
): readonly Holding[] {
  if (names.length === 0)
    throw misuse(`"${verb}" needs an address or a container ID`);
  return names.flatMap((name) => {
    const found = all.filter(
      ({ address, containerID }) => address === name || containerID === name,
    );
    if (found.length > 0) return found;
    throw misuse(
      `nobody holds "${name}"; "crosslink ipam list" shows what is held`,
    );
  });
}

/** Frees what is still held by whom it was held, network by network; what was freed. */
export function freeHoldings(
  holdings: readonly Holding[],
  premises: Premises,
): readonly Holding[] {
  const networks = [...new Set(holdings.map(({ network }) => network))];
  return networks.flatMap((network) => {
    const place = placeFor(premises, network);
    const here = holdings.filter((holding) => holding.network === network);
    const freed = withStore(place, (store) =>
      here.filter(
        (holding) => isUnchanged(store, holding) && store.free(holding.address),
      ),
    );
    syncDirectory(place.directory);
    removeNotes(
      place,
      freed.map(({ address }) => address),
    );
    removeNotesFolder(place);
    return freed;
  });
}

/** Whether an address is still what the admin saw; since then it may have gone to another pod. */
function isUnchanged(
  store: DiskStore,
  { address, kind, containerID, ifname }: Holding,
): boolean {
  const now = store.reservation(address);
  const owner = {
    kind,
    ...(containerID !== undefined && { containerID }),
    ...(ifname !== undefined && { ifname }),
  };
  return isDeepStrictEqual(now, owner);
}

function renderFreed(holdings: readonly Holding[]): string {
  if (holdings.length === 0) return "Nothing was freed.";
  return holdings
    .map(({ network, address }) => `Freed ${address} of network "${network}".`)
    .join("\n");
}

function misuse(fact: string): CniError {
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot run crosslink ipam: ${fact}`,
    { details: "run `crosslink ipam --help`: it has an example of each" },
  );
}
