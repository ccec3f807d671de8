import { configurationError } from "./document/problem.ts";
import { findSchemaProblem } from "./document/schema.ts";
import { isNetworkConfiguration } from "./generated/network-validator.ts";
import type { NetworkConfiguration } from "./generated/network.ts";

export type { NetworkConfiguration };

/**
 * Validates crosslink's entry of a conflist, as the runtime hands it over on stdin, and fills in the defaults.
 *
 * Keys are case-sensitive, unlike in Go: `"clustersdir"` is refused with the right spelling, where Go would take it
 * and a reader of the file couldn't tell which of two spellings counts. The keys that the runtime adds, and the
 * specification's own (`cni.dev/…`), are let through.
 *
 * @throws CniError 7 with the JSON pointer of what is wrong
 */
export function parseNetwork(
  config: Readonly<Record<string, unknown>>,
): NetworkConfiguration {
  // The validator fills in defaults; the caller's object stays as the runtime wrote it.
  const value: unknown = { ...config };
  const problem = findSchemaProblem(isNetworkConfiguration, value, {
    secret: false,
  });
  if (problem !== undefined) {
    throw configurationError("the network configuration", problem);
  }
  return value as NetworkConfiguration;
}

/** What says where the cluster files are, and which of their nodes this is. */
const PLACE = ["clustersDir", "node"];

/**
 * What of an entry holds although the whole does not; the defaults for the rest. Nothing of it is to be believed, but for one
 * purpose: to block packets. Throws nothing.
 */
export function salvageNetwork(
  config: Readonly<Record<string, unknown>>,
): NetworkConfiguration {
  const kept = Object.entries(config).flatMap(
    ([key, value]): [string, unknown][] => {
      const name = PLACE.find(
        (known) => known.toLowerCase() === key.toLowerCase(),
      );
      const alone = { type: "crosslink", ...(name && { [name]: value }) };
      return name !== undefined && isNetworkConfiguration(alone)
        ? [[name, value]]
        : [];
    },
  );
  return parseNetwork({
    type: "crosslink",
    ...Object.fromEntries<unknown>(kept),
  });
}
