import { decodeAttributeList, readString } from "../attribute.ts";
import { NFTA_DEVICE_NAME, NFTA_DEVICE_PREFIX } from "./constants.ts";

/** The devices that a chain or a flowtable is hooked at, as `nft` writes them: `eth*` for all whose names begin so. */
export function decodeDevices(list: Uint8Array | undefined): string[] {
  if (list === undefined) return [];
  return decodeAttributeList(list).flatMap(({ type, value }) => {
    if (type === NFTA_DEVICE_NAME) return [readString(value)];
    return type === NFTA_DEVICE_PREFIX ? [`${readString(value)}*`] : [];
  });
}
