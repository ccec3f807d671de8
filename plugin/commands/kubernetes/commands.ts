import type { Command } from "../command.ts";
import { runExport, runImport } from "./carry.ts";
import { runInvite, runJoin, runLeave } from "./join.ts";
import { runPeers } from "./peers.ts";
import { runPublish } from "./publish.ts";
import { runRotate } from "./rotate.ts";

/** What asks an API server, in the order that `--help` shows. */
export const KUBERNETES_COMMANDS: readonly Command[] = [
  {
    name: "publish",
    summary:
      "stay: tell Kubernetes of this cluster's nodes, and of what its peers say",
    takes: ["kubeconfig", "name"],
    run: runPublish,
  },
  {
    name: "invite",
    summary:
      "write an invitation for another cluster's admin: invite CLUSTER; it is a secret for an hour",
    takes: ["kubeconfig", "server", "cluster-pod-cidrs"],
    words: { most: 1, are: "the other cluster's name" },
    run: runInvite,
  },
  {
    name: "join",
    summary:
      "answer an invitation, so that both clusters read each other: join FILE",
    takes: [
      "kubeconfig",
      "server",
      "cni",
      "default-nic",
      "ip-family",
      "network-type",
      "node-elasticip",
      "cluster-pod-cidrs",
    ],
    words: { most: 1, are: "the invitation's file" },
    run: runJoin,
  },
  {
    name: "leave",
    summary:
      "let a peer go, on this side; what is fenced stays so until forget: leave CLUSTER",
    takes: ["kubeconfig"],
    words: { most: 1, are: "the peer's name" },
    run: runLeave,
  },
  {
    name: "rotate",
    summary:
      "give the tunnels with a peer another key, without loss: rotate CLUSTER",
    takes: ["kubeconfig", "settle"],
    words: { most: 1, are: "the peer's name" },
    run: runRotate,
  },
  {
    name: "export",
    summary:
      "print this cluster as others may know it, for API servers that cannot reach each other",
    takes: ["kubeconfig"],
    run: runExport,
  },
  {
    name: "import",
    summary:
      "make known what export printed in another cluster, or prints now: import FILE",
    takes: ["kubeconfig", "cluster-pod-cidrs"],
    words: { most: 1, are: "the file that export printed" },
    run: runImport,
  },
  {
    name: "peers",
    summary:
      "list the clusters that Kubernetes knows, and what is wrong with each",
    takes: ["kubeconfig", "json"],
    run: runPeers,
  },
];
