import type { Bypass, BypassFacts } from "../bypass.ts";

/** A default that blocks is no leak: it stops what no policy is for, ESP in UDP and IKE among it. */
export function blockingDefaults({ blockedByDefault }: BypassFacts): Bypass[] {
  return blockedByDefault.map((direction) => ({
    kind: "default-policy",
    severity: "weak",
    sentence: `xfrm's default policy blocks all ${direction} traffic that no policy is for, the pods' own and ${direction === "in" ? "ESP in UDP" : "the nodes'"} included: \`ip xfrm policy setdefault ${direction} accept\` if that is not meant`,
  }));
}
