import {
  describe,
  type Element,
  expressionsOf,
  NF_INET_FORWARD,
  NF_INET_LOCAL_IN,
  NF_INET_LOCAL_OUT,
  NF_INET_POST_ROUTING,
  NF_INET_PRE_ROUTING,
  NF_NETDEV_EGRESS,
  NFPROTO_INET,
  NFPROTO_NETDEV,
  type NftablesClient,
  type ObservedChain,
  type ObservedRule,
} from "../../../native/index.ts";
import { FAMILIES, type Family, traitsOf } from "../base/family.ts";
import { remembered } from "../../kernel/remembered.ts";
import { OWN_COMMENT, OWN_TABLE } from "../../owned.ts";
import { isOurComment } from "../shared/parse-pair.ts";
import {
  type BaseChain,
  type HookedAt,
  type Stage,
  WAYS_AT,
} from "./base-chain.ts";
import type { FlowWay } from "./flow.ts";
import { readNftRule } from "./nft-rule.ts";
import type { TracedRule } from "./trace.ts";

/** Base chains of others in nf_tables, iptables-nft's among them, of every family that sees IP packets, in the order of their priorities. */
export function nftBaseChains(
  client: NftablesClient,
  chains: readonly ObservedChain[],
  { type, hook }: HookedAt,
): BaseChain[] {
  return readChains(
    client,
    chains.filter(
      ({ family, base }) =>
        familiesOf(family).length > 0 &&
        base?.type === type &&
        base.hook === hook,
    ),
  );
}

/** Chains of others that see the packets of some devices only: of `table netdev`, and at the ingress hook of `inet`. */
export function nftDeviceChains(
  client: NftablesClient,
  chains: readonly ObservedChain[],
): BaseChain[] {
  return readChains(
    client,
    chains.filter(({ base }) => base?.devices !== undefined),
  );
}

function readChains(
  client: NftablesClient,
  chains: readonly ObservedChain[],
): BaseChain[] {
  return chains
    .filter((chain) => !isOwn(chain))
    .flatMap((chain) => readChain(client, chain))
    .sort((a, b) => a.priority - b.priority);
}

function readChain(client: NftablesClient, chain: ObservedChain): BaseChain[] {
  const { family, table, base } = chain;
  if (base === undefined) return [];
  const rulesOf = remembered((name: string) =>
    readRules(client, { family, table, chain: name }),
  );
  return [
    {
      name: describe(chain),
      families: base.devices === undefined ? familiesOf(family) : FAMILIES,
      ways: base.devices === undefined ? waysAt(base.hook) : ALL_WAYS,
      stage: stageOf(chain),
      priority: base.priority,
      isShared: isIptables(chain),
      ...deviceHook(chain),
      chain: {
        policy: base.policy,
        rules: rulesOf(chain.chain),
        chain: rulesOf,
      },
    },
  ];
}

function readRules(
  client: NftablesClient,
  name: Pick<ObservedChain, "family" | "table" | "chain">,
): TracedRule[] {
  const { family, table } = name;
  const elements = remembered((set: string): readonly Element[] =>
    client.elements({ family, table, set }),
  );
  return client.rules(name).flatMap((rule, index) =>
    isOwnRule(rule)
      ? []
      : readNftRule({
          name: `rule ${String(index + 1)} (handle ${String(rule.handle)})`,
          expressions: expressionsOf(rule),
          elements,
        }),
  );
}

function familiesOf(number: number): readonly Family[] {
  if (number === NFPROTO_INET) return FAMILIES;
  return FAMILIES.filter((family) => traitsOf(family).number === number);
}

/** In the family inet we only filter: a NAT chain in a table that is called as ours is somebody else's. */
function isOwn({ family, table, base }: ObservedChain): boolean {
  return (
    table === OWN_TABLE && (family !== NFPROTO_INET || base?.type !== "nat")
  );
}

function isOwnRule(rule: ObservedRule): boolean {
  return rule.comment === OWN_COMMENT || expressionsOf(rule).some(isOurComment);
}

const ALL_WAYS: readonly FlowWay[] = ["forward", "in", "out"];

function waysAt(hook: number): readonly FlowWay[] {
  const name = INTERNET_HOOKS.get(hook);
  return name === undefined ? [] : WAYS_AT[name];
}

const INTERNET_HOOKS: ReadonlyMap<number, keyof typeof WAYS_AT> = new Map([
  [NF_INET_PRE_ROUTING, "PREROUTING"],
  [NF_INET_LOCAL_IN, "INPUT"],
  [NF_INET_FORWARD, "FORWARD"],
  [NF_INET_LOCAL_OUT, "OUTPUT"],
  [NF_INET_POST_ROUTING, "POSTROUTING"],
]);

function stageOf({ family, base }: ObservedChain): Stage {
  if (base?.devices === undefined)
    return INTERNET_HOOKS.get(base?.hook ?? -1) ?? "ingress";
  return family === NFPROTO_NETDEV && base.hook === NF_NETDEV_EGRESS
    ? "egress"
    : "ingress";
}

function deviceHook(chain: ObservedChain): Pick<BaseChain, "at"> {
  const names = chain.base?.devices;
  if (names === undefined) return {};
  const way = stageOf(chain) === "egress" ? "outputs" : "inputs";
  return { at: { way, names } };
}

function isIptables({ family, table, chain }: ObservedChain): boolean {
  if (family === NFPROTO_INET || family === NFPROTO_NETDEV) return false;
  return (
    (table === "filter" && chain === "FORWARD") ||
    (table === "nat" && chain === "POSTROUTING")
  );
}
