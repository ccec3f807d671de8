import { type Namespace, namespace } from "../../support/namespace.ts";

/** A node's kernel as a boot leaves it: a device eth0 with this address, in a network whose router 172.17.1.1 nobody is. */
export function bootedNode(address = "172.17.1.2"): Namespace {
  const node = namespace();
  node.shell(`
    ip link add eth0 type bridge; ip link set eth0 up
    ip addr add ${address}/24 dev eth0; ip route add default via 172.17.1.1`);
  return node;
}
