import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { VERSION } from "../../version.ts";
import type { Bypass } from "../../bypass/bypass.ts";
import { ikeMetrics } from "./ike-metrics.ts";
import type { Counters } from "./observer.ts";

/** What an agent counts that shows nobody its metrics. */
export const unmetered: Counters = {
  call: () => undefined,
  look: () => undefined,
  repair: () => undefined,
  know: () => undefined,
  bypasses: () => undefined,
  ike: () => undefined,
};

/** Seconds; a served call takes 1 to 10 ms, the first one of a large mesh seconds. */
const BUCKETS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

const COMMANDS = new Set(["ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION"]);

/** Registers what the agent itself does, and counts it. */
export function countingMeter(registry: Registry): Omit<Counters, "know"> {
  const calls = callMetrics(registry);
  const looks = lookMetrics(registry);
  const repairs = new Counter({
    name: "crosslink_repairs_total",
    help: "Steps that brought the node back to what its files say, by the kind of thing.",
    labelNames: ["kind"],
    registers: [registry],
  });
  processMetrics(registry);
  return {
    call: calls,
    look: looks,
    bypasses: bypassMetric(registry),
    ike: ikeMetrics(registry),
    repair: (kind) => {
      repairs.inc({ kind });
    },
  };
}

function callMetrics(registry: Registry): Counters["call"] {
  const calls = new Counter({
    name: "crosslink_cni_calls_total",
    help: "CNI calls that the agent served, by the error code that they ended with (0: success).",
    labelNames: ["program", "command", "code"],
    registers: [registry],
  });
  const duration = new Histogram({
    name: "crosslink_cni_call_duration_seconds",
    help: "Time that the agent took to serve a CNI call.",
    labelNames: ["program", "command"],
    buckets: BUCKETS,
    registers: [registry],
  });
  return ({ program, command: asked, code, seconds }) => {
    // Whoever calls chooses the word; the number of series must stay bounded.
    const command = COMMANDS.has(asked) ? asked : "other";
    calls.inc({ program, command, code });
    duration.observe({ program, command }, seconds);
  };
}

function lookMetrics(registry: Registry): Counters["look"] {
  const ready = new Gauge({
    name: "crosslink_node_ready",
    help: "1 where the last look at the node ended with all that its files say in place, else 0.",
    registers: [registry],
  });
  const duration = new Histogram({
    name: "crosslink_reconciliation_duration_seconds",
    help: "Time that a look at the node took, repairs included.",
    labelNames: ["outcome"],
    buckets: BUCKETS,
    registers: [registry],
  });
  return ({ succeeded, seconds }) => {
    ready.set(succeeded ? 1 : 0);
    duration.observe({ outcome: succeeded ? "success" : "failure" }, seconds);
  };
}

function bypassMetric(registry: Registry): Counters["bypasses"] {
  const metric = new Gauge({
    name: "crosslink_bypass",
    help: "Ways past what crosslink sets up on this node: how many of a kind; open where traffic can pass in clear text.",
    labelNames: ["kind", "severity"],
    registers: [registry],
  });
  return (found: readonly Bypass[]) => {
    metric.reset();
    for (const { kind, severity } of found) metric.inc({ kind, severity });
  };
}

/** Under the names that every client library gives them. The library's own collector would wake the agent all the time. */
function processMetrics(registry: Registry): void {
  new Gauge({
    name: "crosslink_build_info",
    help: "1, with the version that runs.",
    labelNames: ["version"],
    registers: [registry],
  }).set({ version: VERSION }, 1);
  new Gauge({
    name: "process_start_time_seconds",
    help: "When the agent started, in seconds since 1970.",
    registers: [registry],
  }).set(Math.round(Date.now() / 1000 - process.uptime()));
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory of the agent.",
    registers: [registry],
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Counter({
    name: "process_cpu_seconds_total",
    help: "Processor time that the agent used.",
    registers: [registry],
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
}
