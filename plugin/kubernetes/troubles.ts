import type { Log } from "../kernel/log.ts";

/** Troubles by cluster; "" has those that are no cluster's. */
export type Troubles = ReadonlyMap<string, string>;

/**
 * What is told all troubles after each look, and logs each when it begins, and when it ends.
 *
 * @param over what is said when a cluster's has ended
 * @returns what returns those that have begun
 */
export function troublesTold(
  log: Log,
  over: string,
): (troubles: Troubles) => Troubles {
  let told: Troubles = new Map();
  return (troubles) => {
    const begun = new Map(
      [...troubles].filter(([cluster, text]) => told.get(cluster) !== text),
    );
    for (const [cluster, sentence] of begun)
      log("warn", sentence, cluster === "" ? {} : { cluster });
    for (const cluster of told.keys())
      if (!troubles.has(cluster) && cluster !== "")
        log("info", over, { cluster });
    told = new Map(troubles);
    return begun;
  };
}
