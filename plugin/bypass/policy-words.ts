import { formatPrefix, type ObservedPolicy } from "../../native/index.ts";
import type { Device } from "./devices.ts";

/** What a policy is for: direction, networks, protocol, ports, device, mark, priority. */
export function policyWords(
  policy: ObservedPolicy,
  devices: readonly Device[],
): string {
  const { direction, selector, mark, priority } = policy;
  const { source, destination, protocol, interfaceIndex } = selector;
  return [
    direction,
    `${formatPrefix(source)} to ${formatPrefix(destination)}`,
    ...(protocol === undefined ? [] : [`protocol ${String(protocol)}`]),
    ...ports(policy),
    ...(interfaceIndex === undefined
      ? []
      : [`on ${nameOf(interfaceIndex, devices)}`]),
    ...(mark === undefined
      ? []
      : [`mark ${hexadecimal(mark.value)}/${hexadecimal(mark.mask)}`]),
    `priority ${String(priority)}`,
  ].join(", ");
}

function nameOf(wanted: number, devices: readonly Device[]): string {
  const found = devices.find(({ link }) => link.index === wanted);
  return found?.link.name ?? "a device that has gone";
}

function ports({ selector }: ObservedPolicy): string[] {
  const { sourcePort, destinationPort } = selector;
  return [
    ...(sourcePort === undefined ? [] : [`sport ${String(sourcePort)}`]),
    ...(destinationPort === undefined
      ? []
      : [`dport ${String(destinationPort)}`]),
  ];
}

/** The command that deletes it; by its index, which says it all. */
export function policyCommand({
  direction,
  index,
  mark,
}: ObservedPolicy): string {
  const marked =
    mark === undefined
      ? ""
      : ` mark ${hexadecimal(mark.value)} mask ${hexadecimal(mark.mask)}`;
  return `ip xfrm policy delete index ${String(index)} dir ${direction}${marked}`;
}

function hexadecimal(value: number): string {
  return `0x${value.toString(16)}`;
}
