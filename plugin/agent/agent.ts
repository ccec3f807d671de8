import { fstatSync, type Stats, statSync } from "node:fs";
import {
  AF_INET,
  AF_INET6,
  type Route,
  RT_TABLE_MAIN,
} from "../../native/index.ts";
import type { NetworkConfiguration } from "../../conf/network.ts";
import type { Kernel } from "../kernel/kernel.ts";
import {
  type EnsureNode,
  type Meanwhile,
  refreshNode,
} from "../node/refresh.ts";
import type { Host } from "../node/linked.ts";
import { type Session, withSession } from "../kernel/session.ts";
import { watchBypasses } from "./bypasses.ts";
import type { DesiredMesh } from "../mesh/state.ts";
import {
  AGENT_PATIENCE_MS,
  serveCall,
  type ServingContext,
} from "./call/call.ts";
import {
  type Changes,
  listen,
  type Surroundings,
  type Told,
} from "./changes.ts";
import type { CallAnswer, Left } from "./call/frame.ts";
import type { SocketClaim } from "./call/socket-folder.ts";
import { type Keeper, keeper } from "./keeper.ts";
import { type KeptSocket, keptSocket } from "./kept-socket.ts";
import { knownMesh } from "./known-mesh.ts";
import { lookKinds } from "./look-kinds.ts";
import { lastingSession } from "./lasting-session.ts";
import type { AgentLogs } from "./telemetry/log.ts";
import type { Observer } from "./telemetry/observer.ts";
import { entryKeeper } from "./entry-keeper.ts";
import { type FarEnds, farEnds } from "./far-ends.ts";
import { type Schedule, schedule } from "./schedule.ts";
import { spareMemory } from "./spare-memory.ts";
import { worst } from "./watch/effect.ts";
import { startUpkeep } from "./upkeep.ts";
import { type RemoteCall, serveCalls } from "./call/server.ts";

/** What an agent works with. */
export interface AgentOptions {
  readonly kernel: Kernel;
  readonly host: Host;
  /** Read anew before each look at the node. */
  readonly configuration: () => NetworkConfiguration;
  /** The conflists that may change the configuration: all of a folder, or the one of that name. */
  readonly conflists: { readonly folder: string; readonly name?: string };
  /** Whether crosslink stays in the runtime's conflist, whoever rewrites it. */
  readonly keepConflist: boolean;
  /** The socket of the node's container runtime; undefined where there is none. */
  readonly runtime: () => string | undefined;
  /** Where it serves CNI calls. */
  readonly socket: SocketClaim;
  /** What else listens in a folder that somebody may clear away. */
  readonly sockets: readonly KeptSocket[];
  /** What this node's certificate waits for, where somebody is to bring one. */
  readonly certificateWaitsFor?: () => string | undefined;
  readonly logs: AgentLogs;
  readonly observer: Observer;
}

/**
 * Keeps the node right from now on, and serves CNI calls at a socket: by the same handlers as a
 * process of one call, with the node's state known beforehand.
 *
 * @returns what ends it
 * @throws what listening throws; a node that cannot be set up yet is tried again instead
 */
export function startAgent(given: AgentOptions): () => void {
  const { kernel } = given;
  const { options, mesh } = rememberMesh(given);
  const log = options.logs.own;
  const changes = listen(surroundingsOf(options), () => {
    poll();
  });
  const ends = farEnds({ ...options, log }, () => {
    reconciling.request();
  });
  const looks = lookKinds(changes);
  const memory = keeper(refresher(options, { changes, ends, looks }), () => {
    poll();
  });
  const spare = spareMemory(kernel.binding);
  const serving = startServing(options, memory);
  const keepOurs = inTurn([entryKeeper({ ...options, log }), serving.keep]);
  const reconciling = schedule((occasion) => {
    memory.invalidate();
    spare.busy();
    keepOurs();
    looks.begin(occasion);
    const succeeded = reconcile(memory.ensure, options);
    // A call does not wait for what is put off: it looks.
    if (looks.isOwed()) memory.invalidate();
    return succeeded && looks.last();
  });
  const poll = (): void => {
    heed(changes.poll(), memory, reconciling);
  };
  reconciling.run();
  return inTurn([
    watchBypasses({ kernel, mesh, suspecting: options.observer.suspecting }),
    serving.stop,
    startUpkeep({ ...options, log }, memory.ensure),
    reconciling.stop,
    spare.stop,
    changes.close,
    ends.close,
  ]);
}

/** Who serves calls does not wait for the look that news ask for. */
function heed(
  { files, kernel }: Told,
  { invalidate }: Pick<Keeper, "invalidate">,
  { request }: Pick<Schedule, "request">,
): void {
  if (worst([files, kernel]) === "harm") invalidate();
  if (files !== "nothing") request("files");
  if (kernel !== "nothing") request();
}

function inTurn(works: readonly (() => void)[]): () => void {
  return () => {
    for (const work of works) work();
  };
}

function surroundingsOf({
  logs,
  socket,
  sockets,
  ...options
}: AgentOptions): Surroundings {
  return { ...options, log: logs.own, sockets: [socket, ...sockets] };
}

/** What the node should be stays known where setting it up failed: an open node is told of all the same. */
function rememberMesh(given: AgentOptions): {
  readonly options: AgentOptions;
  readonly mesh: () => DesiredMesh | undefined;
} {
  let mesh: DesiredMesh | undefined;
  const know: Observer["know"] = (node) => {
    mesh = node?.mesh;
    given.observer.know(node);
  };
  return {
    options: { ...given, observer: { ...given.observer, know } },
    mesh: () => mesh,
  };
}

/** Looks again, and at what has to be watched for the next time. */
function refresher(
  { host, observer }: AgentOptions,
  {
    changes,
    ends,
    looks,
  }: {
    readonly changes: Changes;
    readonly ends: FarEnds;
    readonly looks: Meanwhile;
  },
): EnsureNode {
  // Also where the plan is refused or fails: policies that stand already wait for charon's SAs.
  const know: Observer["know"] = (node) => {
    observer.know(node);
    ends.keep(node?.mesh);
  };
  const refresh = refreshNode(
    { host, charonReqids: ends.charonReqids, whereabouts: ends.whereabouts },
    { onlooker: { ...observer, know } },
    looks,
  );
  return (session, config, log) => {
    changes.followFiles(config, { flannel: false });
    const node = orWait(
      () => refresh(session, config, log),
      () => {
        changes.followFiles(config, { flannel: true });
      },
    );
    changes.followLinks(mainRoutes(session));
    changes.passOver(session.xfrm.mark);
    return node;
  };
}

/** Whoever could not be served waits for more than others: for what is not there yet. */
function orWait<Result>(look: () => Result, wait: () => void): Result {
  try {
    return look();
  } catch (error) {
    wait();
    throw error;
  }
}

/** What is wrong with the files, or in the way, is logged once, and looked at again later. */
function reconcile(
  ensure: EnsureNode,
  { kernel, configuration, logs, observer }: AgentOptions,
): boolean {
  return observer.reconciling(() => {
    const config = configuration();
    const patience = { milliseconds: AGENT_PATIENCE_MS };
    withSession({ ...kernel, patience }, (session) =>
      ensure(session, config, logs.own),
    );
  });
}

/** Serves calls with what is known beforehand. What listens beside it is kept with it. */
function startServing(
  options: AgentOptions,
  memory: Keeper,
): Omit<KeptSocket, "path"> {
  const { kernel, socket, sockets, logs } = options;
  const session = lastingSession(kernel);
  const context: KnowingContext = {
    ensureNode: memory.ensure,
    lend: session.lend,
    knownMesh: knownMesh(memory),
  };
  const service = {
    serve: (call: RemoteCall) => serveObserved(call, context, options),
    log: logs.own,
    network: networkOf(kernel),
  };
  const listenAt = (): (() => void) => {
    socket.renew();
    return serveCalls(kernel.binding, socket.path, service);
  };
  const kept = keptSocket(socket.path, listenAt, logs.own);
  return {
    keep: inTurn([kept, ...sockets].map(({ keep }) => keep)),
    stop: inTurn([kept.stop, session.close]),
  };
}

/** What a resident process does otherwise than one of a single call. */
type KnowingContext = Pick<ServingContext, "ensureNode" | "lend" | "knownMesh">;

function serveObserved(
  call: RemoteCall,
  context: KnowingContext,
  { kernel, host, logs, observer }: AgentOptions,
): CallAnswer | Left {
  return observer.serving(call, () =>
    serveCall(call, {
      ...context,
      kernel: () => kernel,
      host,
      log: logs.calls,
    }),
  );
}

function mainRoutes({ route }: Session): Route[] {
  return [AF_INET, AF_INET6].flatMap((family) =>
    route.routes({ family, table: RT_TABLE_MAIN }),
  );
}

/** The namespace that is served: what a call's is compared with. This process keeps it from going away. */
function networkOf({ netns }: Kernel): Stats {
  return netns === undefined ? statSync("/proc/self/ns/net") : fstatSync(netns);
}
