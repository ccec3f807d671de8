import { join } from "node:path";
import { CniError, ErrorCode } from "../../../cni/error.ts";
import { type Access, ownAccess } from "../../kubernetes/api/access.ts";
import { readKubeconfig } from "../../kubernetes/api/kubeconfig.ts";
import type { Terminal } from "../command.ts";
import type { Options } from "../options.ts";

/**
 * The API server that a command talks to: the named kubeconfig's, or, in a pod, its own cluster's, or the admin's.
 *
 * @throws CniError 7 where there is none, or the kubeconfig cannot be used
 */
export function accessFor(
  { kubeconfig }: Pick<Options, "kubeconfig">,
  { environment = {} }: Pick<Terminal, "environment">,
): Access {
  const own = kubeconfig === undefined ? ownAccess(environment) : undefined;
  if (own !== undefined) return own;
  const path = kubeconfig ?? usualPath(environment);
  if (path !== undefined) return readKubeconfig(path);
  throw new CniError(
    ErrorCode.invalidConfiguration,
    "Cannot tell which Kubernetes API to use",
    { details: "give --kubeconfig FILE" },
  );
}

/** Of several files in KUBECONFIG the first, as they have no order of worth. */
function usualPath(
  environment: NonNullable<Terminal["environment"]>,
): string | undefined {
  const [first] = (environment["KUBECONFIG"] ?? "").split(":");
  const home = environment["HOME"];
  if (first !== undefined && first !== "") return first;
  return home === undefined ? undefined : join(home, ".kube/config");
}
