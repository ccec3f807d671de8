import { requireKnownArguments } from "../../cni/arguments.ts";
import type { Request } from "../../cni/request.ts";
import { type Address, parseAddressWithPrefix } from "../../ip/cidr.ts";
import { readAddress } from "../address.ts";
import {
  asText,
  listField,
  readAt,
  type ConfigurationSection,
  sectionField,
} from "./fields.ts";

/**
 * The addresses that a call asks for: `IP` of CNI_ARGS, then `args.cni.ips`, then `runtimeConfig.ips`, each once.
 *
 * CONVENTIONS.md wants `args` to override CNI_ARGS; host-local takes both, and so does this.
 *
 * @throws CniError 4 for an argument nobody knows, 7 for what is no address
 */
export function requestedAddresses(
  request: Request,
  root: ConfigurationSection,
): readonly Address[] {
  requireKnownArguments(request.args, ["IP"]);
  const argument = request.args.get("IP") ?? "";
  const args = sectionField(root, "args");
  const cni = args && sectionField(args, "cni");
  const runtime = sectionField(root, "runtimeConfig");
  const all = [
    ...(argument === "" ? [] : [read(argument, "CNI_ARGS IP")]),
    ...[cni, runtime].flatMap((section) => (section ? readIps(section) : [])),
  ];
  return [...new Map(all.map((address) => [address.text, address])).values()];
}

function readIps(section: ConfigurationSection): Address[] {
  return listField(section, "ips").map((entry, index) => {
    const pointer = `${section.pointer}/ips/${index}`;
    return read(asText(entry, pointer), pointer);
  });
}

/** An address, with or without a prefix length; the range's own is the one that counts. */
function read(text: string, pointer: string): Address {
  return readAt(pointer, () =>
    text.includes("/")
      ? parseAddressWithPrefix(text).address
      : readAddress(text),
  );
}
