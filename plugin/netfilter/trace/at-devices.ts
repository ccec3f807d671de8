import type { DeviceHook } from "./base-chain.ts";
import { type Flow, type FlowDevice, least, most, type Share } from "./flow.ts";
import { namesDevice } from "./match.ts";

/** What of a flow passes the devices that a chain is hooked at, as the chain meets it, and how much that is. */
export function atDevices(
  flow: Flow,
  { way, names }: DeviceHook,
): { readonly flow: Flow; readonly share: Share } {
  if (way === "outputs" && flow.leavesEncrypted === true)
    return { flow, share: "none" };
  const holds = names.map(namesDevice);
  const isHooked = (device: FlowDevice) => holds.some((held) => held(device));
  return {
    flow: { ...flow, [way]: allDevices(flow[way]).filter(isHooked) },
    share: shareAt(flow[way], isHooked),
  };
}

function allDevices(devices: readonly FlowDevice[]): FlowDevice[] {
  return devices.flatMap((device) => [
    device,
    ...allDevices(device.below ?? []),
  ]);
}

/** None where no device is known: whatever a chain at some other does, nobody would know how to put it. */
function shareAt(
  devices: readonly FlowDevice[],
  isHooked: (device: FlowDevice) => boolean,
): Share {
  const shares = devices.map((device) =>
    isHooked(device) ? "all" : shareAt(device.below ?? [], isHooked),
  );
  const [first = "none", ...others] = shares;
  return others.every((share) => share === first)
    ? first
    : least(shares.reduce(most, "none"), "some");
}
