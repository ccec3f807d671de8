import { CniError, ErrorCode } from "../../cni/error.ts";
import type { RouteClient } from "../../native/index.ts";
import type { Memory, Refusal } from "../fence/decide.ts";
import { wordsFor } from "./machine.ts";

/** How many names fit an event beside the advice. */
const SHOWN = 8;

/** A folder with nothing in it, on a node that was linked: somebody emptied it, or it is not mounted. */
export function emptied(folder: string, { clusters, own }: Memory): CniError {
  const names = [...clusters.keys()].filter((name) => name !== own);
  const shown = names.slice(0, SHOWN).join(", ");
  const more = names.length > SHOWN ? " …" : "";
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot follow the cluster files: there are none in "${folder}", and this node was linked to ${shown}${more}`,
    {
      details: `put the files back, or open each cluster's CIDRs with \`crosslink forget ${names[0] ?? "CLUSTER"}\`; until then they stay fenced, and nothing else is changed`,
    },
  );
}

/** Files of yesterday. */
export function outdated(folder: string): CniError {
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot follow the cluster files in "${folder}": they are older than those that this node was set up by`,
    {
      details: `another program reads newer ones: an old mount in a container, or another folder. Nothing was taken down. Where these are the right ones: touch ${folder}`,
    },
  );
}

/** A remote CIDR that would cut this node off. */
export function refused(
  refusals: readonly Refusal[],
  route: RouteClient,
): CniError {
  const [first] = refusals;
  if (first === undefined) throw new RangeError("no refusal");
  const { cluster, cidr, holds } = first;
  const more =
    refusals.length > 1
      ? `, and ${String(refusals.length - 1)} more like it`
      : "";
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot link cluster "${cluster}": its "${cidr.text}" holds ${wordsFor(holds, route)}${more}`,
    {
      details:
        "to fence it would cut the node off. Give pods and nodes CIDRs that are apart, or globalCIDRs; the other CIDRs are fenced",
    },
  );
}
