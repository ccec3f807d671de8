import type { XfrmSwitches } from "../../../native/index.ts";
import type { Bypass, BypassFacts } from "../bypass.ts";
import { type Device, deviceNames, type DeviceRole } from "../devices.ts";

interface Switch {
  readonly setting: keyof XfrmSwitches;
  readonly family: 4 | 6;
  /** Below net, with DEV for the device. */
  readonly path: string;
  readonly roles: readonly DeviceRole[];
  readonly severity: Bypass["severity"];
  readonly effect: string;
}

const SWITCHES: readonly Switch[] = [
  {
    setting: "disableXfrm",
    family: 4,
    path: "ipv4/conf/DEV/disable_xfrm",
    // To a pod nothing is encrypted; what a tunnel device takes has been looked up before.
    roles: ["uplink", "bridge", "other"],
    severity: "open",
    effect:
      "packets to remote pods that leave by it are neither encrypted nor blocked by xfrm",
  },
  {
    setting: "disablePolicy",
    family: 4,
    path: "ipv4/conf/DEV/disable_policy",
    roles: ["uplink", "bridge", "pod"],
    severity: "open",
    effect:
      "packets that come in by it with a remote pod's address are taken in clear text",
  },
  {
    setting: "disablePolicyIpv6",
    family: 6,
    path: "ipv6/conf/DEV/disable_policy",
    // Only what is for an address of the device itself.
    roles: ["uplink", "bridge"],
    severity: "weak",
    effect:
      "packets for this node's own addresses on it with a remote pod's address are taken in clear text",
  },
];

/** Settings by which a device's packets pass xfrm. Those of "all" count for every device (IN_DEV_ORCONF in net/ipv4/route.c). */
export function switchedOff(facts: BypassFacts): Bypass[] {
  return SWITCHES.filter(({ family }) =>
    facts.remotes.some((remote) => remote.family === family),
  ).flatMap((what) => judge(what, facts));
}

function judge(what: Switch, facts: BypassFacts): Bypass[] {
  if (facts.switchedOff.has(what.path.replace("DEV", "all")))
    return [bypass(what, "all devices", "all")];
  const devices = facts.devices.filter(
    ({ link, role }) =>
      what.roles.includes(role) && link.xfrmSwitches?.[what.setting] === true,
  );
  const [first] = devices;
  return first === undefined
    ? []
    : [bypass(what, namesOf(devices), first.link.name)];
}

function namesOf(devices: readonly Device[]): string {
  return `device${devices.length === 1 ? "" : "s"} ${deviceNames(devices)}`;
}

function bypass(
  { path, severity, effect }: Switch,
  where: string,
  device: string,
): Bypass {
  const setting = path.slice(path.lastIndexOf("/") + 1);
  return {
    kind: "sysctl",
    severity,
    sentence: `The sysctl ${setting} is 1 for ${where}: ${effect}. \`sysctl -w net/${path.replace("DEV", device)}=0\` ends that, and /etc/sysctl.d keeps it from coming back`,
  };
}
