import { formatPrefix, type ObservedPolicy } from "../../native/index.ts";

/** What a policy is for: direction, networks, protocol, ports, mark, priority. */
export function policyWords(policy: ObservedPolicy): string {
  const { direction, selector, mark, priority } = policy;
  const { source, destination, protocol, interfaceIndex } = selector;
  return [
    direction,
    `${formatPrefix(source)} to ${formatPrefix(destination)}`,
    ...(protocol === undefined ? [] : [`protocol ${String(protocol)}`]),
    ...ports(policy),
    ...(interfaceIndex === undefined
      ? []
      : [`device ${String(interfaceIndex)}`]),
    ...(mark === undefined
      ? []
      : [`mark ${hexadecimal(mark.value)}/${hexadecimal(mark.mask)}`]),
    `priority ${String(priority)}`,
  ].join(", ");
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
