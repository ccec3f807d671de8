import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { getAssetKeys, getRawAsset, isSea } from "node:sea";
import { CniError, ErrorCode } from "../../cni/error.ts";
import { type Binding, loadBinding } from "../../native/index.ts";
import { places } from "./place.ts";
import { type Asset, findUnpacked, unpack } from "./unpack.ts";

/**
 * Loads the netlink addon: from inside the built binary, or from native/build when run from the sources.
 *
 * The dynamic linker takes only files, so the first call on a machine unpacks it, into the first place of
 * {@link places} that is safe, writable and lets code be executed. Later calls compare that file with their own
 * copy, byte for byte, before they load it.
 *
 * @throws CniError 5 whose details list each place that was tried, and why it would not do
 */
export function loadAddon(): Binding {
  return isSea() ? loadAsset(places(dirname(process.execPath))) : loadBinding();
}

function loadAsset(folders: readonly string[]): Binding {
  const asset = addonAsset();
  const failures: string[] = [];
  const binding =
    first(folders, failures, (folder) => loadUnpacked(folder, asset)) ??
    first(folders, failures, (folder) => unpackAndLoad(folder, asset));
  if (binding !== undefined) return binding;
  throw new CniError(
    ErrorCode.io,
    `Cannot load the netlink addon: no folder is at once safe, writable and executable`,
    {
      details: `${failures.join("; ")}. Make "${folders[0] ?? ""}" writable for root and for nobody else`,
    },
  );
}

/** The addon, stored by the build under the name that its file is to have. */
function addonAsset(): Asset {
  const name = getAssetKeys().find((key) => key.endsWith(".node"));
  if (name === undefined) throw new TypeError("The binary has no addon inside");
  return { name, bytes: new Uint8Array(getRawAsset(name)) };
}

function loadUnpacked(folder: string, asset: Asset): Binding | undefined {
  const file = findUnpacked(folder, asset);
  return file === undefined ? undefined : loadBinding(file);
}

function unpackAndLoad(folder: string, asset: Asset): Binding {
  const file = unpack(folder, asset);
  try {
    return loadBinding(file);
  } catch (error) {
    rmSync(file, { force: true }); // a noexec mount: of no use to later calls either
    throw error;
  }
}

/** The first result that `use` gives for a folder. Why it failed for the ones before goes to `failures`. */
function first(
  folders: readonly string[],
  failures: string[],
  use: (folder: string) => Binding | undefined,
): Binding | undefined {
  for (const folder of folders) {
    try {
      const binding = use(folder);
      if (binding !== undefined) return binding;
    } catch (error) {
      failures.push(
        `${folder}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  return undefined;
}
