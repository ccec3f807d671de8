import type { Route } from "../../cni/result.ts";
import { parseAddressWithPrefix } from "../../ip/cidr.ts";
import { readAddress } from "../address.ts";
import {
  asSection,
  field,
  listField,
  readAt,
  type ConfigurationSection,
  textField,
  unusable,
} from "./fields.ts";

const NUMBERS = ["mtu", "advmss", "priority", "table", "scope"] as const;

/** Reads `routes`, which ADD's result hands to the interface plugin. Throws CniError 7 with the pointer. */
export function readRoutes(ipam: ConfigurationSection): readonly Route[] {
  return listField(ipam, "routes").map((entry, index) =>
    readRoute(asSection(entry, `${ipam.pointer}/routes/${index}`)),
  );
}

function readRoute(section: ConfigurationSection): Route {
  const { pointer } = section;
  const gateway = textField(section, "gw");
  return {
    dst: readAt(`${pointer}/dst`, () => {
      const { address, prefix } = parseAddressWithPrefix(
        textField(section, "dst") ?? "",
      );
      return `${address.text}/${prefix}`;
    }),
    ...(gateway && {
      gw: readAt(`${pointer}/gw`, () => readAddress(gateway).text),
    }),
    ...Object.fromEntries(
      NUMBERS.flatMap((key) => {
        const value = field(section, key);
        if (value === undefined) return [];
        if (Number.isSafeInteger(value)) return [[key, value]];
        throw unusable(`${pointer}/${key}`, "it is no integer");
      }),
    ),
  };
}
