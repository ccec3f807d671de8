import type { Access } from "../api/access.ts";
import type { ApiObject } from "../api/object.ts";
import type { OwnAuthority } from "../certificates/authority.ts";
import type { OwnList } from "../certificates/own-list.ts";
import { SERVED } from "../names.ts";
import type { ClusterObject, SliceObject } from "../kinds.ts";
import { chooseGateway } from "./choose-gateway.ts";
import type { News } from "./events.ts";
import type { Gateways } from "./gateways.ts";
import { ownCni, ownNodes } from "./own-nodes.ts";
import { type NetworkObjects, ownNetworks } from "./own-networks.ts";
import { nextStatus, type Readiness, writeStatus } from "./status.ts";
import { writeSlices } from "./write-slices.ts";

/** What this cluster's API server has of this cluster. */
export interface Found extends NetworkObjects {
  readonly nodes: readonly ApiObject[];
  readonly slices: readonly SliceObject[];
  readonly authority: OwnAuthority;
  readonly revocations: OwnList;
}

/** What became of it. */
interface Published {
  readonly verdict: Readiness;
  /** The gateway in use, where it is another than before, or is not well. */
  readonly news: News | undefined;
}

/**
 * Brings this cluster's own slices and status to what was found; its spec is its admin's.
 *
 * @returns whether all was
 */
export async function publishOwn(
  access: Access,
  own: ClusterObject,
  found: Found,
  gateways: Gateways,
): Promise<Published> {
  const { name, annotations = {} } = own.metadata;
  // Most clusters have the same ServiceCIDR: to tell others of it unasked would be to overlap with them.
  const services = annotations[SERVED] === "true" ? found.services : [];
  const networks = ownNetworks({ ...found, services }, own.spec["podCIDRs"]);
  const objects = found.nodes;
  const { nodes, problems, origins } = ownNodes(objects, networks.blocks);
  const cni = ownCni(objects);
  const have = found.slices.filter(({ spec }) => spec.cluster === name);
  const choice = chooseGateway(gateways, own, { objects, nodes, have });
  const slices = await writeSlices(access, name, { nodes: choice.nodes, have });
  choice.settle();
  const told = toldOf(found);
  const words = {
    discovered: {
      ...(cni === undefined ? {} : { cni: cni.cni }),
      ...networks.discovered,
      ...told,
    },
    origins: {
      ...(cni === undefined ? {} : { cni: cni.origin }),
      ...networks.origins,
      ...origins,
      ...originsOf(told),
    },
    nodes: nodes.length,
    slices,
  };
  const verdict = verdictOf([...problems, ...networks.problems], found);
  const status = nextStatus(own, words, {
    ...{ verdict, gateway: choice.verdict, now: Date.now() },
  });
  await writeStatus(access, own, status);
  return { verdict, news: choice.news };
}

/** What whoever is to believe this cluster's nodes has to know of its authority. */
function toldOf({
  authority: { certificate },
  revocations: { list },
}: Found): Readonly<Record<string, string>> {
  if (certificate === undefined) return {};
  return { ca: certificate, ...(list === undefined ? {} : { crl: list }) };
}

function originsOf(told: object): Readonly<Record<string, string>> {
  const words = Object.keys(told);
  return Object.fromEntries(words.map((word) => [word, "this publisher"]));
}

/** The first reason counts; all are said. */
function verdictOf(
  problems: readonly string[],
  { authority, revocations }: Found,
): Readiness {
  const all = [
    ...problems.map((message) => ({ reason: "NodesLeftOut", message })),
    ...said("NoAuthority", authority.trouble),
    ...said("NotRevoked", revocations.trouble),
  ];
  return {
    ready: all.length === 0,
    reason: all[0]?.reason ?? "Published",
    message: all.map(({ message }) => message).join("; "),
  };
}

function said(reason: string, message: string | undefined) {
  return message === undefined ? [] : [{ reason, message }];
}
