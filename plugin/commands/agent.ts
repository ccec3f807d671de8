import { basename, dirname, join } from "node:path";
import { AGENT_SOCKET } from "../owned.ts";
import { afterwards } from "../agent/call/afterwards.ts";
import { type AgentOptions, startAgent } from "../agent/agent.ts";
import { keepMemoryFromCores } from "../agent/core-dumps.ts";
import { growSparingly } from "../agent/heap.ts";
import { putCallsFirst } from "../agent/helper-threads.ts";
import { openAgentLogs } from "../agent/telemetry/log.ts";
import { parseEndpoint, serveMetrics } from "../agent/telemetry/endpoint.ts";
import { unmetered } from "../agent/telemetry/meter.ts";
import { openMetrics } from "../agent/telemetry/metrics.ts";
import { type Counters, observe } from "../agent/telemetry/observer.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { type Log, openLog } from "../kernel/log.ts";
import { followPulse, type PulseOf } from "../agent/pulse.ts";
import { type KeptSocket, keptSocket } from "../agent/kept-socket.ts";
import { claimSocket } from "../agent/call/socket-folder.ts";
import {
  type CertificateKept,
  keepCertificate,
} from "../kubernetes/certificates/keep.ts";
import { type FilesKept, keepFilesTrue } from "../kubernetes/files/keep.ts";
import { beat } from "../kubernetes/heartbeat.ts";
import { accessFor } from "./kubernetes/access.ts";
import { probeAgent } from "./agent-probe.ts";
import type { Terminal } from "./command.ts";
import { raiseRemembered } from "../node/raise-only.ts";
import { fenced, lendBy } from "./fenced.ts";
import { runtimeSocket } from "../runtime/endpoint.ts";
import { CONFLIST_FOLDER, type Options, configurationFor } from "./options.ts";

/** Where the agent serves metrics unless it is told otherwise: for root alone, in the folder of its own socket. */
function metricsPath({
  metrics,
  socket = AGENT_SOCKET,
}: Pick<Options, "metrics" | "socket">): string {
  return metrics ?? join(dirname(socket), "metrics.sock");
}

/** `crosslink agent`: stays until SIGTERM or SIGINT. */
export function runAgent(options: Options, terminal: Terminal): number {
  if (options.flags.has("probe")) return probeAgent(metricsPath(options));
  const log = openLog(terminal.writeStderr);
  growSparingly("stays");
  return fenced(() => stay(options, terminal), { options, terminal, log });
}

function stay(options: Options, terminal: Terminal): number {
  const { socket = AGENT_SOCKET } = options;
  putCallsFirst();
  keepMemoryFromCores();
  const kernel = terminal.kernel();
  const claim = claimSocket(kernel, socket);
  const later = afterwards();
  const logs = openAgentLogs(configuredLogFile(options), later);
  const log = logs.own;
  const files: { kept?: Kept | undefined } = {};
  const lastGood = () => files.kept?.lastGood();
  const metrics = startMetrics(options, { kernel, log, lastGood });
  const { observer, pulse } = followPulse(
    kernel,
    observe({ log, meter: metrics.meter, later }),
  );
  raiseRemembered(lendBy({ options, terminal }), log);
  const stop = startAgent({
    kernel,
    host: terminal.host,
    configuration: () =>
      fenced(() => configurationFor(options), { options, terminal, log }),
    conflists: conflistsOf(options),
    keepConflist: options.flags.has("keep-conflist"),
    runtime: () => runtimeSocket(options.runtimeEndpoint),
    socket: claim,
    sockets: metrics.sockets,
    certificateWaitsFor: () => files.kept?.waitsFor(),
    logs,
    observer,
  });
  files.kept = followKubernetes(options, terminal, { log, pulse });
  stopAtSignal(log, [() => files.kept?.stop(), stop, metrics.stop]);
  // Whoever reads this may send a signal at once.
  log("info", "the agent is ready", { socket });
  return 0;
}

function stopAtSignal(log: Log, stops: readonly (() => void)[]): void {
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.once(signal, () => {
      log("info", "the agent ends", { signal });
      for (const stop of stops) stop();
    });
}

function conflistsOf({ conflist }: Options): AgentOptions["conflists"] {
  return conflist === undefined
    ? { folder: CONFLIST_FOLDER }
    : { folder: dirname(conflist), name: basename(conflist) };
}

type Kept = Pick<FilesKept, "lastGood" | "stop"> &
  Pick<CertificateKept, "waitsFor">;

function followKubernetes(
  options: Options,
  terminal: Terminal,
  { log, pulse }: { readonly log: Log; readonly pulse: PulseOf },
): Kept | undefined {
  if (!options.flags.has("kubernetes")) return undefined;
  const access = accessFor(options, terminal);
  const places = () => configurationFor(options);
  const { nodeName, hostName } = terminal.host;
  const node = nodeName ?? hostName.toLowerCase();
  const certificate = keepCertificate({
    ...{ access, log, node },
    folder: () => dirname(places().keyring),
  });
  const kept = keepFilesTrue({
    ...{ access, places, log, node },
    onClusters: certificate.look,
  });
  const stopBeating = beat({ access, log, pulse });
  return {
    lastGood: kept.lastGood,
    waitsFor: certificate.waitsFor,
    stop: () => {
      stopBeating();
      kept.stop();
      certificate.stop();
    },
  };
}

/** Metrics as they are served. */
interface ServedMetrics {
  readonly meter: Counters;
  readonly sockets: readonly KeptSocket[];
  readonly stop: () => void;
}

function startMetrics(
  options: Options,
  {
    kernel,
    log,
    lastGood,
  }: {
    readonly kernel: Kernel;
    readonly log: Log;
    readonly lastGood: FilesKept["lastGood"];
  },
): ServedMetrics {
  const place = metricsPath(options);
  if (place === "off")
    return { meter: unmetered, sockets: [], stop: () => undefined };
  const endpoint = parseEndpoint(place);
  const isKept = options.flags.has("kubernetes");
  const { meter, scrape } = openMetrics(kernel, isKept ? lastGood : undefined);
  const serve = () => serveMetrics(endpoint, scrape, log);
  if (!("path" in endpoint)) return { meter, sockets: [], stop: serve() };
  const kept = keptSocket(endpoint.path, serve, log);
  return { meter, sockets: [kept], stop: kept.stop };
}

/** A configuration that is wrong now may be right later: the agent itself says what is wrong with it. */
function configuredLogFile(options: Options): string | undefined {
  try {
    return configurationFor(options).logFile;
  } catch {
    return undefined;
  }
}
