import type { Flow } from "../../../plugin/netfilter/trace/flow.ts";
import { PAIRS, type Testbed } from "../snat/testbed.ts";

/** Both ways of both pairs, by the devices that the testbed has. Nobody has marked them before netfilter. */
export function flows({ node }: Testbed): Flow[] {
  const device = (name: string) => {
    const listed = JSON.parse(node.exec("ip", "-j", "link", "show", name)) as [
      { ifindex: number },
    ];
    return [{ name, index: listed[0].ifindex }];
  };
  const [pods, uplink] = [device("veth-pod"), device("eth0")];
  return PAIRS.flatMap(({ local, remote }): Flow[] => [
    {
      family: local.family,
      source: local,
      destination: remote,
      inputs: pods,
      outputs: uplink,
    },
    {
      family: local.family,
      source: remote,
      destination: local,
      inputs: uplink,
      outputs: pods,
    },
  ]);
}
