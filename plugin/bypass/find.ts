import type { Bypass, BypassFacts, FindBypasses } from "./bypass.ts";
import { copies } from "./kinds/copy.ts";
import { blockingDefaults } from "./kinds/default-policy.ts";
import { forwarders } from "./kinds/forwarder.ts";
import { flowtables } from "./kinds/flowtable.ts";
import { ipvsWithoutConntrack } from "./kinds/ipvs.ts";
import { foreignPolicies } from "./kinds/policy.ts";
import { wrappingRoutes } from "./kinds/route.ts";
import { programs } from "./kinds/program.ts";
import { redirects } from "./kinds/redirect.ts";
import { socketPolicies } from "./kinds/socket-policy.ts";
import { switchPorts } from "./kinds/switch.ts";
import { switchedOff } from "./kinds/sysctl.ts";

const KINDS: readonly FindBypasses[] = [
  foreignPolicies,
  socketPolicies,
  switchedOff,
  redirects,
  wrappingRoutes,
  programs,
  switchPorts,
  flowtables,
  forwarders,
  copies,
  ipvsWithoutConntrack,
  blockingDefaults,
];

/** Of one kind; whoever has more knows what to look for. */
const MOST_OF_A_KIND = 10;

/** Judges what was observed: those that are open first. Pure; nothing where the node encrypts toward nobody. */
export function findBypasses(facts: BypassFacts): Bypass[] {
  if (facts.remotes.length === 0) return [];
  const found = KINDS.flatMap((find) => bounded(find(facts)));
  return [
    ...found.filter(({ severity }) => severity === "open"),
    ...found.filter(({ severity }) => severity === "weak"),
  ];
}

function bounded(found: readonly Bypass[]): Bypass[] {
  const ordered = [
    ...found.filter(({ severity }) => severity === "open"),
    ...found.filter(({ severity }) => severity === "weak"),
  ];
  const [next] = ordered.slice(MOST_OF_A_KIND);
  if (next === undefined) return ordered;
  const rest = String(ordered.length - MOST_OF_A_KIND);
  const sentence = `There are ${rest} more of this kind (${next.kind}): remove those named, and look again`;
  return [...ordered.slice(0, MOST_OF_A_KIND), { ...next, sentence }];
}
