import { CniError, ErrorCode } from "../../cni/error.ts";
import type { Handlers } from "../../cni/main.ts";
import type { Request } from "../../cni/request.ts";
import {
  type NetworkConfiguration,
  parseNetwork,
  salvageNetwork,
} from "../../conf/network.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { both, type Log, openLog, silent } from "../kernel/log.ts";
import { type EnsureNode, refreshNode } from "../node/refresh.ts";
import { wantedBy } from "../node/full-plan.ts";
import type { Host } from "../node/linked.ts";
import { lookAround, orThrow } from "../node/look.ts";
import {
  fenceBeforeTelling,
  type Lend,
  raiseAnyway,
} from "../node/raise-only.ts";
import { checkAttachment } from "./check.ts";
import { attachPod, requirePod } from "../pod/attach.ts";
import { pictureOf } from "../kernel/picture.ts";
import { withSession } from "../kernel/session.ts";
import { type ReleaseContext, releaseHandlers } from "./release.ts";
import { reportStatus } from "./status.ts";

/** What the handlers need of the process that they run in. */
export interface PluginContext extends ReleaseContext {
  /** Opened on first use: VERSION and bad input need no addon. */
  readonly kernel: () => Kernel;
  readonly host: Host;
  /** Brings the node up to date: {@link refreshNode}, unless a resident agent knows better. */
  readonly ensureNode: EnsureNode;
}

/** The context of a process that serves one call, and knows nothing beforehand. */
export function processContext(
  front: Pick<PluginContext, "kernel" | "host" | "writeStderr">,
): PluginContext {
  return {
    ...front,
    lend: (use) => withSession(front.kernel(), use),
    ensureNode: refreshNode({ host: front.host }),
  };
}

/**
 * crosslink as a CNI plugin. ADD is validate → desired → observed → plan → apply, CHECK the same as far as the plan.
 */
export function pluginHandlers(context: PluginContext): Handlers {
  return {
    add: (request) => add(request, context),
    check: (request) => {
      check(request, context);
    },
    ...releaseHandlers(context),
    status: (request) => {
      const config = parseNetwork(request.config);
      const log = openLog(context.writeStderr);
      reportStatus({ config, host: context.host }, context.kernel(), log);
    },
    refused: (command, config) => {
      if (command === "ADD") raiseAnyway(...fenceOf(config, context));
    },
  };
}

/** Where whoever is refused finds the fence, by as much of the configuration as can be made out. */
function fenceOf(
  raw: Request["config"],
  { lend, host, writeStderr, log = silent }: PluginContext,
): [Lend, Log] {
  return [
    (use) => {
      lend((session) => {
        use(session, { config: salvageNetwork(raw), host });
      });
    },
    both(openLog(writeStderr), log),
  ];
}

/** Echoes prevResult as it came: a chained plugin adds nothing to it (SPEC.md 1.1.0 §2 "ADD"). */
function add(request: Request, context: PluginContext): unknown {
  const config = fenceBeforeTelling(
    () => {
      const parsed = parseNetwork(request.config);
      requirePrevResult(request);
      return parsed;
    },
    ...fenceOf(request.config, context),
  );
  const log = openCallLog(request, config, context);
  context.lend((session) => {
    const node = context.ensureNode(session, config, log);
    if (node !== undefined)
      attachPod(session, requirePod(session, request, node), log);
  });
  return request.rawPrevResult;
}

function check(request: Request, context: PluginContext): void {
  const config = parseNetwork(request.config);
  requirePrevResult(request);
  context.lend((opened) => {
    const session = pictureOf(opened);
    const place = { config, host: context.host };
    const look = orThrow(lookAround(session, place));
    const { node } = look;
    const pod =
      node === undefined ? undefined : requirePod(session, request, node);
    checkAttachment(session, wantedBy(look, place), pod);
  });
}

function requirePrevResult(request: Request): void {
  if (request.prevResult !== undefined) return;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot serve ${request.command}: the configuration has no prevResult`,
    {
      details:
        'crosslink is a chained plugin: put {"type": "crosslink"} last in the "plugins" of a conflist, after the plugin that makes the interface',
    },
  );
}

function openCallLog(
  request: Request,
  config: NetworkConfiguration,
  context: PluginContext,
): Log {
  const log = both(
    openLog(context.writeStderr, config.logFile),
    context.log ?? silent,
  );
  const call = {
    command: request.command,
    containerID: request.containerId,
    ifname: request.ifname,
  };
  return (level, message, facts) => {
    log(level, message, { ...call, ...facts });
  };
}
