import { get } from "node:http";
import { parseEndpoint } from "../agent/telemetry/endpoint.ts";

/** An agent that works answers within a second or two, also while it sets up a mesh of thousands. */
const PATIENCE_MS = 8_000;

/**
 * `crosslink agent --probe`: asks the agent that runs for its metrics. The exit code comes with the answer: 1 where there is
 * none, for Kubernetes' liveness probe.
 *
 * @throws CniError 7 where no metrics can be served at that place
 */
export function probeAgent(place: string): number {
  const endpoint = parseEndpoint(place);
  const where =
    "path" in endpoint ? { socketPath: endpoint.path } : { ...endpoint };
  const signal = AbortSignal.timeout(PATIENCE_MS);
  get({ ...where, path: "/metrics", agent: false, signal }, (response) => {
    if (response.statusCode !== 200)
      fail(`it answers ${String(response.statusCode)}`);
    response.on("error", (error) => {
      fail(error.message);
    });
    response.resume();
  }).on("error", (error) => {
    fail(error.message);
  });
  return 0;
}

function fail(fact: string): void {
  process.stderr.write(
    `crosslink: the agent does not serve metrics: ${fact}\n`,
  );
  process.exitCode = 1;
}
