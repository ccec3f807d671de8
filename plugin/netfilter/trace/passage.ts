import { remembered } from "../../kernel/remembered.ts";
import { atDevices } from "./at-devices.ts";
import type { BaseChain } from "./base-chain.ts";
import { type Flow, least, NO_MARKS } from "./flow.ts";
import { anew, type Stream, streamOf, together } from "./stream.ts";
import { type Finding, walk } from "./trace.ts";

/** What one chain takes away of a flow. */
export interface Taken {
  readonly chain: BaseChain;
  readonly finding: Finding;
}

/** Whether a flow's packets come by a chain. */
export function meets({ families, ways }: BaseChain, flow: Flow): boolean {
  return (
    families.includes(flow.family) &&
    ways.includes(flow.tunnel?.way ?? "forward")
  );
}

/** What a chain takes away of a flow, by itself. */
export function takenBy(chain: BaseChain, flow: Flow): Taken[] {
  return through(chain, streamOf(flow)).taken;
}

/**
 * What chains, in the order in which packets come by, take away of a flow: one marks what another asks for.
 *
 * @param begin a flow with the marks that it has ahead of all chains
 */
export function takenOnTheWay(
  chains: readonly BaseChain[],
  begin: (flow: Flow) => Flow,
): (flow: Flow) => Taken[] {
  const marksOf = remembered((flows: readonly Flow[]) =>
    together(flows.map((flow) => stepOf(flow).passed)),
  );
  const stepOf = remembered((flow: Flow): Step => {
    const { was = [] } = flow;
    if (was.length === 0) return pass(chains, flow, streamOf(begin(flow)));
    return pass(chains, flow, anew(behindIpsec(marksOf(was), flow)));
  });
  return (flow) => stepOf(flow).taken;
}

/** A flow with these marks. Its connection is another one. */
function behindIpsec({ packets, share }: Stream, flow: Flow): Stream {
  const { connectionMark } = NO_MARKS;
  return {
    share,
    packets: packets.map((each) => ({
      flow: { ...flow, mark: each.flow.mark, connectionMark },
      share: each.share,
    })),
  };
}

interface Step {
  readonly taken: Taken[];
  readonly passed: Stream;
}

function pass(chains: readonly BaseChain[], flow: Flow, start: Stream): Step {
  const taken: Taken[] = [];
  let stream = start;
  for (const chain of chains) {
    if (!meets(chain, flow)) continue;
    const step = through(chain, stream);
    taken.push(...step.taken);
    // Of a flow that ends in one chain the next ones are asked nevertheless: both are to be mended.
    if (step.passed.packets.length > 0) stream = anew(step.passed);
  }
  return { taken, passed: stream };
}

function through(chain: BaseChain, stream: Stream): Step {
  const { at } = chain;
  const [some] = stream.packets;
  if (at === undefined || some === undefined) {
    const { findings, passed } = walk(chain.chain, stream);
    return { taken: findings.map((finding) => ({ chain, finding })), passed };
  }
  const { share, flow } = atDevices(some.flow, at);
  if (share === "none") return { taken: [], passed: stream };
  const { findings, passed } = walk(chain.chain, here(stream, flow));
  return {
    taken: findings.map((finding) => ({
      chain,
      finding: { ...finding, share: least(finding.share, share) },
    })),
    // What passes other devices comes by unchanged.
    passed: together(
      [here(passed, some.flow), ...(share === "all" ? [] : [stream])],
      "all",
    ),
  };
}

/** The same packets, by the devices of a flow. */
function here(stream: Stream, { inputs, outputs }: Flow): Stream {
  return {
    ...stream,
    packets: stream.packets.map(({ flow, share }) => ({
      flow: { ...flow, inputs, outputs },
      share,
    })),
  };
}
