import type { ObservedPolicy } from "../../../native/index.ts";
import type { Session } from "../../kernel/session.ts";
import type { DesiredMesh } from "../../mesh/state.ts";
import { PROTECT_PRIORITY } from "../../owned.ts";
import type { ObservedState } from "../state.ts";
import type { CountersReader } from "./counters.ts";
import {
  changedSecrets,
  type ChosenKeys,
  chooseKeys,
  refusal,
} from "./choose.ts";
import { type GenerationOf, knowGenerations } from "./generations.ts";
import { readClock, readMeter } from "./meter.ts";
import { readKeyNote, writeKeyNote } from "./note.ts";

/** Which SAs a node should have. */
interface KeysToLookAt extends Pick<DesiredMesh, "series" | "secrets"> {
  /** Whether it had any in this boot, where its policies need not tell. */
  readonly wasLinked: boolean;
  readonly counters: CountersReader | undefined;
}

/** Looks at the kernel, and works out which SAs it should have next. What they sent meanwhile is told by readings before and after. */
export function lookAtKeys(
  { kernel }: Session,
  observe: () => ObservedState,
  given: Partial<KeysToLookAt> = {},
): { readonly observed: ObservedState; readonly keys: ChosenKeys } {
  const mesh = { ...NO_KEYS, ...given };
  // Without an SA to tell of, nobody asks what was sent.
  const read = mesh.series.length > 0 ? readMeter : readClock;
  const before = read(kernel);
  const observed = observe();
  const keys = chooseKeys(mesh, {
    associations: observed.associations,
    wasLinked: given.wasLinked ?? observed.policies.some(isProtecting),
    note: readKeyNote(kernel, { reader: given.counters }),
    before,
    after: read(kernel),
  });
  return { observed, keys };
}

const NO_KEYS = { series: [], secrets: new Map<number, string>() };

/** Such a policy comes after its SAs. */
function isProtecting({ priority, direction }: ObservedPolicy): boolean {
  return priority === PROTECT_PRIORITY && direction === "out";
}

/** What is told of keys that a node has. */
export interface ToldKeys {
  /** A sentence for each secret that was changed under its id. */
  readonly troubles: readonly string[];
  readonly generationOf: GenerationOf;
}

/** Changes nothing, and looks at nothing but the notes. */
export function tellOfKeys(
  { kernel }: Session,
  mesh: Pick<DesiredMesh, "series" | "secrets"> = NO_KEYS,
): ToldKeys {
  const note = readKeyNote(kernel);
  return {
    troubles: [...changedSecrets(mesh.secrets, note).keys()].map(refusal),
    generationOf: knowGenerations(mesh.series, note.moved),
  };
}

/** Before any SA is made: whoever finds it gone must know of it. @throws CniError 5 where it cannot be noted */
export function noteKeys(
  { kernel }: Session,
  keys: ChosenKeys,
  reader?: CountersReader,
): void {
  if (keys.isToNote) writeKeyNote(kernel, keys, { reader });
}

/** Beside SAs that stand: the younger the note, the less far ahead one that gets lost has to begin. Whoever noted meanwhile knows more. */
export function noteAgain(
  { kernel }: Session,
  keys: ChosenKeys,
  reader?: CountersReader,
): void {
  const { sent, lookedAt, notedAt = -Infinity, oldestAt = -Infinity } = keys;
  if (sent.size > 0 && lookedAt - oldestAt > NOTE_MS)
    writeKeyNote(kernel, keys, { since: notedAt, reader });
}

/** Shorter than an agent's sweep. */
const NOTE_MS = 20_000;
