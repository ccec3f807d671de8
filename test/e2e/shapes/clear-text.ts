/** conf/examples/gateways, between nodes: a packet of a pod, a service or a node's own for them, outside of ESP. */
export const clearText =
  "not esp and (net 10.244.0.0/16 or net 10.42.0.0/16 or net 10.45.0.0/16 or net 10.96.0.0/16)";
