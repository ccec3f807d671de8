import fc from "fast-check";
import { expect, it } from "vitest";
import type { ClusterSource } from "../../../../conf/clusters.ts";
import { withKnownNodes } from "../../../../conf/known-cluster.ts";
import { blockPolicies } from "../../../../plugin/fence/policies.ts";
import type { FenceWill } from "../../../../plugin/fence/will.ts";
import { firstAssociations } from "../../../../plugin/mesh/ipsec/series.ts";
import { meshMemory } from "../../../../plugin/mesh/memory.ts";
import type { DesiredMesh } from "../../../../plugin/mesh/state.ts";
import {
  differenceOf,
  observeChanged,
} from "../../../../plugin/node/difference.ts";
import { type NodePlan, planNode } from "../../../../plugin/node/plan.ts";
import { NOTHING } from "../../../../plugin/node/state.ts";
import {
  associationIdentity,
  policyIdentity,
} from "../../../../plugin/reconcile/identity.ts";
import {
  applyToModel,
  emptyModel,
  type KernelModel,
  observe,
} from "../../../support/kernel-model.ts";
import { meshes } from "../../../support/mesh/arbitrary.ts";
import { far, keyring, meshAt, near } from "../../../support/mesh/mesh.ts";

const PLACE = "cluster0/node0-0";
const KEYS = { keyring: keyring(1) };

/** What an admin, or Kubernetes, does to a mesh. */
const edit = fc.record({
  kind: fc.constantFrom(
    ...(["node", "node", "node", "own", "file", "keyring"] as const),
  ),
  at: fc.nat({ max: 3 }),
  index: fc.nat({ max: 2 }),
  octet: fc.nat({ max: 9 }),
});
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

const KEYRINGS = [keyring(1), keyring(1, [1, 2]), keyring(2, [1, 2])];

it("what differs between two meshes, and no more, is the way from one kernel to the other", () => {
  const taken = new Map<Edit["kind"], number>();
  fc.assert(
    fc.property(
      meshes({ min: 3, max: 4 }),
      fc.array(edit, { minLength: 1, maxLength: 6 }),
      (files, edits) => {
        const memory = meshMemory();
        const model = emptyModel();
        let [all, gone]: [readonly ClusterSource[], number] = [files, 0];
        let mesh = meshAt(files, PLACE, KEYS, memory);
        applyToModel(model, planWhole(mesh, model));
        for (const one of edits) {
          all = edited(all, one);
          if (one.kind === "file") gone = one.at;
          const clusters = all.filter((_, at) => at === 0 || at !== gone);
          const keys = {
            keyring: KEYRINGS[one.kind === "keyring" ? one.index : 0]!,
          };
          const next = meshAt(clusters, PLACE, keys, memory);
          const plan = planDifference(mesh, next, model);
          if (plan !== undefined)
            taken.set(one.kind, (taken.get(one.kind) ?? 0) + 1);
          applyToModel(model, plan ?? planWhole(next, model));
          expect(allOf(planWhole(next, model))).toEqual([]);
          mesh = next;
        }
      },
    ),
  );
  expect(taken.get("node")).toBeGreaterThan(50);
  expect(taken.get("own")).toBeGreaterThan(10);
});

it("a changed node's policies and SAs are all that is asked for", () => {
  const memory = meshMemory();
  const clusters = [near, far([1, 2, 3])];
  const before = meshAt(clusters, "near/n0", KEYS, memory);
  const after = meshAt(
    again(clusters, [near, far([1, 7, 3])]),
    "near/n0",
    KEYS,
    memory,
  );
  const asked: string[] = [];
  const xfrm = {
    getPolicy: (id: Parameters<typeof policyIdentity>[0]) => {
      asked.push(policyIdentity(id));
      return undefined;
    },
    getAssociation: () => undefined,
  };
  const difference = differenceOf(before, after)!;
  expect(difference.series.gone).toHaveLength(1);
  expect(difference.series.fresh).toHaveLength(1);
  observeChanged({ xfrm } as never, difference);
  expect(asked).toHaveLength(3);
});

it("where keys, the role or IKE differ, all is looked at", () => {
  const mesh = meshAt([near, far([1])], "near/n0");
  expect(differenceOf(mesh, mesh)).toBeDefined();
  expect(differenceOf(mesh, { ...mesh, role: "leaf" })).toBeUndefined();
  const secrets = new Map([[1, "another"]]);
  expect(differenceOf(mesh, { ...mesh, secrets })).toBeUndefined();
  const retiring = [{ destination: new Uint8Array(4), spi: 1 }];
  expect(differenceOf({ ...mesh, retiring }, mesh)).toBeUndefined();
  const many = Array.from({ length: 3000 }, () => ({ ...mesh.policies[0]! }));
  expect(
    differenceOf(mesh, { ...mesh, blocking: many, policies: many }),
  ).toBeUndefined();
});

it("a quarter of a large mesh is asked for one by one, more is not", () => {
  const mesh = meshAt([near, far([1])], "near/n0");
  const copies = (length: number) =>
    Array.from({ length }, () => ({ ...mesh.policies[0]! }));
  const withBlocks = (blocking: DesiredMesh["blocking"]) => ({
    ...mesh,
    blocking,
    policies: blocking,
    protecting: [],
  });
  const before = withBlocks(copies(9000));
  const withMore = (length: number) =>
    withBlocks([...before.blocking, ...copies(length)]);
  expect(differenceOf(before, withMore(2900))).toBeDefined();
  expect(differenceOf(before, withMore(3100))).toBeUndefined();
});

function allOf({ protect, retire, conflicts }: NodePlan): unknown[] {
  return [...protect, ...retire, ...conflicts];
}

/** The fence's own policies, which differ by what is said of clusters and not of nodes, stay as they are. */
function fenceOf(mesh: DesiredMesh): FenceWill {
  const wanted = mesh.exemptions.flatMap(({ remote, encrypted }) =>
    encrypted ? [remote] : [],
  );
  return { wanted, released: [] };
}

function planWhole(mesh: DesiredMesh, model: KernelModel): NodePlan {
  const { associations, policies } = mesh;
  const blocks = blockPolicies(fenceOf(mesh).wanted);
  const wanted = { associations, policies: [...blocks, ...policies] };
  return planNode({ ...NOTHING, ...wanted }, observe(model));
}

function planDifference(
  before: DesiredMesh,
  after: DesiredMesh,
  model: KernelModel,
): NodePlan | undefined {
  const difference = differenceOf(before, after);
  const [old, will] = [fenceOf(before), fenceOf(after)];
  const texts = ({ wanted }: FenceWill) =>
    wanted.map(({ text }) => text).join();
  if (difference === undefined || texts(old) !== texts(will)) return undefined;
  const held = observe(model);
  const xfrm = {
    getPolicy: (id: Parameters<typeof policyIdentity>[0]) =>
      held.policies.find((one) => policyIdentity(one) === policyIdentity(id)),
    getAssociation: (id: Parameters<typeof associationIdentity>[0]) =>
      held.associations.find(
        (one) => associationIdentity(one) === associationIdentity(id),
      ),
  };
  const observed = observeChanged({ xfrm } as never, difference);
  return planNode(
    {
      ...NOTHING,
      associations: difference.series.fresh.flatMap(firstAssociations),
      policies: difference.policies.fresh,
    },
    { ...observed, routes: [], sysctls: new Map() },
  );
}

/** As the reader of files has it: nodes that say the same are the same objects. */
function again(
  before: readonly ClusterSource[],
  now: readonly ClusterSource[],
): ClusterSource[] {
  return now.map((source, at) => {
    const old = before[at];
    return old === undefined || source === old
      ? source
      : { ...source, cluster: withKnownNodes(source.cluster, old.cluster) };
  });
}

/** One node of a cluster has another address, or goes. */
function edited(
  clusters: readonly ClusterSource[],
  { kind, at, index, octet }: Edit,
): readonly ClusterSource[] {
  if (kind !== "node" && kind !== "own") return clusters;
  const now = clusters.map((source, place) => {
    const isOwn = place === 0;
    // The node itself stays.
    if (isOwn !== (kind === "own")) return source;
    if (!isOwn && place !== at % clusters.length) return source;
    const { nodes } = source.cluster;
    const changed = nodes.flatMap((one, n) => {
      if (n !== (isOwn ? 0 : index % nodes.length)) return [one];
      if (octet === 0 && !isOwn)
        return nodes.length > 1 && !one.gateway ? [] : [one];
      // Nobody else's: two nodes at one address are refused.
      const last = 20 + 10 * Number(one.name.at(-1)) + octet;
      return [{ ...one, elasticIP: `203.0.${String(place)}.${String(last)}` }];
    });
    return { ...source, cluster: { ...source.cluster, nodes: changed } };
  });
  return again(clusters, now);
}
