import type { Command } from "./command.ts";

const OPTIONS: readonly (readonly [string, string])[] = [
  [
    "--conflist FILE",
    "the conflist with the crosslink entry (default: the first in /etc/cni/net.d)",
  ],
  [
    "--clusters DIR",
    "the folder of cluster files (default: /etc/crosslink/clusters.d)",
  ],
  ["--keyring FILE", "the keyring (default: /etc/crosslink/keyring.json)"],
  [
    "--node NAME",
    "which node this is (default: NODE_NAME, the host name, the addresses)",
  ],
  ["--snat MODE", "auto, return, identity or off (default: auto)"],
  [
    "--socket FILE",
    "where the agent serves CNI calls (default: /run/crosslink/agent.sock)",
  ],
  [
    "--metrics ADDRESS",
    "where the agent serves Prometheus metrics: a socket's path, or 127.0.0.1:PORT (default: nowhere)",
  ],
  [
    "--root DIR",
    "where the node's root is mounted, for install and uninstall (default: /)",
  ],
  ["--for ROUTER", "ip, cisco or mikrotik, for routes (default: ip)"],
  [
    "--data-dir DIR",
    "the folder of addresses, for ipam (default: /var/lib/cni/networks)",
  ],
  ["--json", "answer in JSON"],
];

/** The text of `crosslink --help`. */
export function helpText(commands: readonly Command[]): string {
  const summaries = commands.flatMap(({ name, summary, flags = {} }) => [
    [name, summary] as const,
    ...Object.entries(flags).map(
      ([flag, meaning]) => [`  --${flag}`, meaning] as const,
    ),
  ]);
  return `crosslink joins the pod networks of several Kubernetes clusters over IPsec.

A container runtime runs it as the last plugin of a conflist; by hand it is a command line:

  crosslink COMMAND [OPTIONS]

Commands:
${columns(summaries)}

Options:
${columns(OPTIONS)}

A first node: put a file a cluster into /etc/crosslink/clusters.d, run \`crosslink keygen\` once and
copy the keyring to every node, look at \`crosslink plan\`, and append {"type": "crosslink"} to the
"plugins" of the node's conflist. The next pod links the node; \`crosslink apply\` does it at once.
`;
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows
    .map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
    .join("\n");
}
