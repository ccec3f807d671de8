import type { Command } from "./command.ts";
import { OPTIONS } from "./option-table.ts";

/** The text of `crosslink --help`. */
export function helpText(commands: readonly Command[]): string {
  const summaries = commands.flatMap(({ name, summary, flags = {} }) => [
    [name, summary] as const,
    ...Object.entries(flags).map(
      ([flag, meaning]) => [`  --${flag}`, meaning] as const,
    ),
  ]);
  const options = Object.entries(OPTIONS).map(([name, option]) => {
    const value = "value" in option ? ` ${option.value}` : "";
    return [`--${name}${value}`, option.meaning] as const;
  });
  return `crosslink joins the pod networks of several Kubernetes clusters over IPsec.

A container runtime runs it as the last plugin of a conflist; by hand it is a command line:

  crosslink COMMAND [OPTIONS]

Commands:
${columns(summaries)}

Options:
${columns(options)}

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
