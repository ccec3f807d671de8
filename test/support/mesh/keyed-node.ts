import type { ClusterSource } from "../../../conf/clusters.ts";
import type { ObservedAssociation } from "../../../native/xfrm/sa.ts";
import type { DesiredMesh } from "../../../plugin/mesh/state.ts";
import { chooseKeys } from "../../../plugin/node/keys/choose.ts";
import type { Meter } from "../../../plugin/node/keys/meter.ts";
import type { KeyNote } from "../../../plugin/node/keys/note.ts";
import type { Sent } from "../../../plugin/node/keys/outbound.ts";
import { planNode } from "../../../plugin/node/plan.ts";
import { NOTHING } from "../../../plugin/node/state.ts";
import { associationIdentity } from "../../../plugin/reconcile/identity.ts";
import { keyring as keyringOf, meshAt } from "./mesh.ts";

/** A packet on the wire, as far as its receiver looks. */
export interface Sealed {
  readonly to: string;
  readonly key: string;
  readonly sequence: bigint;
}

/** A node with one peer, whose kernel is a model: SAs that count, notes, and boots. */
export interface KeyedNode {
  /** What every ADD, apply and sweep does. Returns how many SAs stand afterwards. */
  readonly look: (now: Meter) => number;
  readonly flush: () => void;
  readonly reboot: () => void;
  /** The one that goes with a boot. */
  readonly loseNote: () => void;
  /** Sends that many packets that nobody sees. Returns how many the SA had numbers for. */
  readonly count: (packets: bigint) => bigint;
  /** Undefined where no SA stands: the packet is dropped. */
  readonly seal: () => Sealed | undefined;
  readonly open: (packet: Sealed) => boolean;
  readonly use: (activeKey: number, keys: readonly number[]) => void;
}

type Counting = {
  -readonly [Name in keyof ObservedAssociation]: ObservedAssociation[Name];
};

const LAST = 2n ** 32n - 1n;

const BLANK: KeyNote = {
  isKnown: false,
  milliseconds: undefined,
  sent: new Map(),
  secrets: new Map(),
  moved: new Map(),
};

export function keyedNode(
  clusters: readonly ClusterSource[],
  place: string,
): KeyedNode {
  let held = new Map<string, Counting>();
  let sent = new Map<string, Sent>();
  let note = BLANK;
  let wasLinked = false;
  let keyring = keyringOf(1);
  let mesh: DesiredMesh | undefined;
  const sender = (): Counting | undefined => outbound(held, mesh);
  return {
    look: (now) => {
      const associations = [...held.values()];
      mesh = meshAt(clusters, place, { keyring });
      const facts = { associations, note, wasLinked, before: now, after: now };
      const keys = chooseKeys(mesh, facts);
      for (const [name, seen] of keys.sent) sent.set(name, seen);
      note = {
        isKnown: true,
        milliseconds: now.milliseconds,
        sent,
        secrets: keys.secrets,
        moved: new Map([...note.moved, ...keys.moved]),
      };
      const plan = planNode(
        { ...NOTHING, associations: keys.associations },
        { associations, policies: [], routes: [], sysctls: new Map() },
      );
      for (const step of [...plan.protect, ...plan.retire]) {
        if (step.object !== "association") continue;
        const identity = associationIdentity(step.association);
        if (step.verb !== "add") held.delete(identity);
        if (step.verb !== "delete")
          held.set(identity, unused(step.association));
      }
      wasLinked = true;
      return held.size;
    },
    flush: () => {
      held = new Map();
    },
    reboot: () => {
      held = new Map();
      sent = new Map();
      note = { ...BLANK, moved: note.moved };
      wasLinked = false;
    },
    loseNote: () => {
      sent = new Map();
      note = { ...BLANK, moved: note.moved };
    },
    count: (packets) => {
      const sa = sender();
      if (sa === undefined) return 0n;
      const left = LAST - sa.sequence.output;
      const sent = packets < left ? packets : left;
      sa.sequence = { output: sa.sequence.output + sent, input: 0n };
      return sent;
    },
    seal: () => {
      const sa = sender();
      if (sa === undefined || sa.sequence.output === LAST) return undefined;
      const sequence = sa.sequence.output + 1n;
      sa.sequence = { output: sequence, input: 0n };
      return { to: associationIdentity(sa), key: keyOf(sa), sequence };
    },
    open: ({ to, key }) => {
      const sa = held.get(to);
      if (sa === undefined || keyOf(sa) !== key) return false;
      sa.current = { ...sa.current, packets: sa.current.packets + 1n };
      return true;
    },
    use: (active, ids) => {
      keyring = keyringOf(active, ids);
    },
  };
}

/** The last that was made, as the kernel has it. */
function outbound(
  held: ReadonlyMap<string, Counting>,
  mesh: DesiredMesh | undefined,
): Counting | undefined {
  const [peer] = mesh?.peers ?? [];
  return [...held.values()].findLast(
    ({ spi, source }) =>
      peer?.spisOut.includes(spi) === true &&
      source.join() === peer.local.join(),
  );
}

function keyOf({ aead }: ObservedAssociation): string {
  return Buffer.from(aead?.key.bytes() ?? []).toString("hex");
}

/** As the kernel has it that was just given it. */
export function unused({
  sentSequence = 0n,
  ...sa
}: DesiredMesh["associations"][number]): Counting {
  const times = { addTimeSeconds: 0n, useTimeSeconds: 0n };
  return {
    ...sa,
    protocol: 50,
    current: { bytes: 0n, packets: 0n, ...times },
    statistics: { replayWindow: 0, replay: 0, integrityFailed: 0 },
    sequence: { output: sentSequence, input: 0n },
    foreign: [],
  };
}
