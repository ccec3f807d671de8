import { type Flow, least, type Marks, most, type Share } from "./flow.ts";

/** Packets of a flow that have the same marks. */
interface Packets {
  /** With those marks. */
  readonly flow: Flow;
  readonly share: Share;
}

/** What of a flow is at one place, by the marks that it has there. */
export interface Stream {
  readonly packets: readonly Packets[];
  /** How much of the flow all of it is. */
  readonly share: Share;
}

export const NOTHING: Stream = { packets: [], share: "none" };

/** More ways to be marked than this are taken for marks that nobody can tell. */
const MOST = 32;

/** All of a flow, with the marks that it has. */
export function streamOf(flow: Flow): Stream {
  return { packets: [{ flow, share: "all" }], share: "all" };
}

/** What comes together again. `share` where it is known how much that is. */
export function together(streams: readonly Stream[], share?: Share): Stream {
  const all = streams.flatMap(({ packets }) => packets);
  const total = share ?? sum(streams);
  const packets = merged(all);
  const [first, ...others] = packets;
  return first === undefined || others.length > 0
    ? { packets, share: total }
    : { packets: [{ ...first, share: total }], share: total };
}

function sum(parts: readonly { readonly share: Share }[]): Share {
  return parts.reduce<Share>((total, part) => most(total, part.share), "none");
}

/** A stream in two, by what a rule asks. */
export interface Split {
  readonly matched: Stream;
  readonly rest: Stream;
}

/** What of a stream matches, and what goes on. */
export function split(
  { packets, share }: Stream,
  matches: (flow: Flow) => Share,
): Split {
  const judged = packets.map((each) => ({ each, match: matches(each.flow) }));
  if (judged.every(({ match }) => match === "all"))
    return { matched: { packets, share }, rest: NOTHING };
  const matched = judged.map(({ each, match }) => ({
    flow: each.flow,
    share: least(each.share, match),
  }));
  const rest = judged.map(({ each, match }) => ({
    flow: each.flow,
    share: least(each.share, unmatched(match)),
  }));
  return { matched: present(matched, share), rest: present(rest, share) };
}

/** Of what a condition is unknown for, some may be left. */
function unmatched(match: Share): Share {
  if (match === "all") return "none";
  if (match === "none") return "all";
  return match === "maybe" ? "maybe" : "some";
}

function present(all: readonly Packets[], limit: Share): Stream {
  const packets = all.filter(({ share }) => share !== "none");
  return { packets, share: least(sum(packets), limit) };
}

/** The stream with other marks. */
export function marked(
  { packets, share }: Stream,
  marking: (flow: Flow) => Marks,
): Stream {
  const changed = packets.map(({ flow, share }) => ({
    flow: { ...flow, ...marking(flow) },
    share,
  }));
  return { packets: merged(changed), share };
}

/** What goes on to the next chain: by itself that is all that there is. */
export function anew({ packets }: Stream): Stream {
  const [first, ...others] = packets;
  if (first === undefined) return NOTHING;
  return others.length === 0 ? streamOf(first.flow) : { packets, share: "all" };
}

function merged(all: readonly Packets[]): Packets[] {
  const byMarks = new Map<string, Packets>();
  for (const { flow, share } of all) {
    const key = `${String(flow.mark)} ${String(flow.connectionMark)}`;
    const known = byMarks.get(key)?.share ?? "none";
    byMarks.set(key, { flow, share: most(known, share) });
  }
  const found = [...byMarks.values()];
  const [first] = found;
  if (first === undefined || found.length <= MOST) return found;
  const unknown = { mark: undefined, connectionMark: undefined };
  return [{ flow: { ...first.flow, ...unknown }, share: "all" }];
}
