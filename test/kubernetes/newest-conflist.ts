import { CNI_BIN } from "./crosslink.ts";
import type { Node } from "./node/node.ts";

const FOLDER = "/etc/cni/net.d";

/** The network of a conflist in CNI's newest version, which neither Calico's plugin nor flannel's speaks. */
export const NEWEST = "newest";

/**
 * Gives a node a conflist of version 1.1.0 that its runtime takes before its base's, for what older versions have not:
 * STATUS and GC.
 *
 * @param pods the node's pod CIDR, of which Calico gives out the first addresses first
 */
export async function placeNewest(node: Node, pods: string): Promise<void> {
  const first = pods.replace(/\.0\/24$/, "");
  const conflist = {
    cniVersion: "1.1.0",
    name: NEWEST,
    plugins: [
      {
        type: "ptp",
        ipam: {
          type: "host-local",
          ranges: [
            [
              {
                subnet: pods,
                rangeStart: `${first}.200`,
                rangeEnd: `${first}.250`,
              },
            ],
          ],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
      { type: "portmap", capabilities: { portMappings: true } },
      { type: "crosslink" },
    ],
  };
  await node.write(`${FOLDER}/05-newest.conflist`, JSON.stringify(conflist));
}

/** Leaves the node to its base's conflist again. */
export async function removeNewest(node: Node): Promise<void> {
  await node.run(["rm", "-f", `${FOLDER}/05-newest.conflist`]);
}

/** What cnitool is told. */
export const CNITOOL = [`CNI_PATH=${CNI_BIN}`, `NETCONFPATH=${FOLDER}`];
