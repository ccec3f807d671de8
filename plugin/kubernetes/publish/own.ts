import type { Access } from "../api/access.ts";
import type { ApiObject } from "../api/object.ts";
import type { OwnAuthority } from "../certificates/authority.ts";
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
  const { certificate } = found.authority;
  const words = {
    discovered: {
      ...(cni === undefined ? {} : { cni: cni.cni }),
      ...networks.discovered,
      ...(certificate === undefined ? {} : { ca: certificate }),
    },
    origins: {
      ...(cni === undefined ? {} : { cni: cni.origin }),
      ...networks.origins,
      ...origins,
      ...(certificate === undefined ? {} : { ca: "this publisher" }),
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

function verdictOf(
  problems: readonly string[],
  { authority: { trouble } }: Found,
): Readiness {
  const all = [...problems, ...(trouble === undefined ? [] : [trouble])];
  const reason = problems.length > 0 ? "NodesLeftOut" : "NoAuthority";
  return {
    ready: all.length === 0,
    reason: all.length === 0 ? "Published" : reason,
    message: all.join("; "),
  };
}
