import { cidrOf } from "../../../ip/cidr.ts";
import { type Family, traitsOf } from "../base/family.ts";
import { KUBE_PROXY_MARK } from "../base/foreign.ts";
import { distinctMarks, type PacketMark } from "../base/mark.ts";
import type { BaseChain } from "./base-chain.ts";
import type { Flow } from "./flow.ts";
import { type Finding, reachableRules, trace } from "./trace.ts";

/** A kernel takes 128 expressions in a rule (NFT_RULE_MAXEXPRS), and each mark is three. */
const MOST = 16;

/**
 * Marks for whose sake rules of others masquerade, read from those rules: packets that have one reach a source NAT which packets
 * without any do not reach. kube-proxy's usual one where none of its rules tells. `chains` are those of NAT behind routing.
 */
export function sparedMarks(
  chains: readonly BaseChain[],
  family: Family,
): PacketMark[] {
  const found = chains
    .filter(({ families }) => families.includes(family))
    .map((chain) => marksIn(chain, family));
  const isKnown = found.some(({ isKubeProxys }) => isKubeProxys);
  const marks = found.flatMap((each) => each.marks);
  return distinctMarks(isKnown ? marks : [KUBE_PROXY_MARK, ...marks]).slice(
    0,
    MOST,
  );
}

interface Found {
  readonly marks: readonly PacketMark[];
  readonly isKubeProxys: boolean;
}

function marksIn({ name, chain }: BaseChain, family: Family): Found {
  const asked = distinctMarks(
    reachableRules(chain).flatMap(({ marks }) => marks),
  );
  const rewrites = (mark: number) =>
    trace(chain, anythingWith(mark, family)).filter(
      ({ does }) => does === "rewrite",
    );
  const without = new Set(asked.length === 0 ? [] : rewrites(0).map(nameOf));
  const led = asked.flatMap((mark) => {
    const more = rewrites(mark.value || mark.mask).filter(
      (finding) => !without.has(nameOf(finding)),
    );
    return more.length === 0 ? [] : [{ mark, more }];
  });
  return {
    marks: led.map(({ mark }) => mark),
    isKubeProxys: led.some(({ more }) =>
      more.some(({ through }) => isKubeProxys(name, through)),
    ),
  };
}

/** Its chain in iptables, or its table in nf_tables. */
function isKubeProxys(chain: string, through: readonly string[]): boolean {
  return through.includes("KUBE-POSTROUTING") || / kube-proxy /.test(chain);
}

function nameOf({ through, rule }: Finding): string {
  return [...through, rule].join(" ");
}

function anythingWith(mark: number, family: Family): Flow {
  const anywhere = cidrOf(new Uint8Array(traitsOf(family).length), 0);
  return {
    family,
    source: anywhere,
    destination: anywhere,
    inputs: [],
    outputs: [],
    mark,
  };
}
