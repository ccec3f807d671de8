import { oneLine, printable } from "../../cni/printable.ts";
import { nearest } from "../../conf/document/nearest.ts";
import { runAgent } from "./agent.ts";
import { runApply } from "./apply.ts";
import { runCa } from "./ca.ts";
import type { Command, Terminal } from "./command.ts";
import { runForget } from "./forget.ts";
import { helpText } from "./help.ts";
import { runInstall, runUninstall } from "./install.ts";
import { runIpam } from "./ipam.ts";
import { runKeygen } from "./keygen.ts";
import { KUBERNETES_COMMANDS } from "./kubernetes/commands.ts";
import { NODE_OPTIONS } from "./option-table.ts";
import { runPlan } from "./plan.ts";
import { requireRoot } from "./privilege.ts";
import { runRoutes } from "./routes.ts";
import { runStatus } from "./status.ts";
import { tellError } from "./tell-error.ts";
import { runTeardown } from "./teardown.ts";
import { runVersion } from "./version.ts";
import { parseOptions } from "./words.ts";

/** Every command, in the order that `--help` shows. */
export const COMMANDS: readonly Command[] = [
  {
    name: "plan",
    summary: "show what this node would get, against what it has",
    rootOnly: true,
    takes: [...NODE_OPTIONS, "json"],
    run: runPlan,
  },
  {
    name: "apply",
    summary: "bring this node to what its files say",
    rootOnly: true,
    takes: [...NODE_OPTIONS, "json"],
    run: runApply,
  },
  {
    name: "status",
    summary: "show every peer: endpoint, key, traffic, age, errors",
    rootOnly: true,
    takes: [...NODE_OPTIONS, "socket", "json"],
    run: runStatus,
  },
  {
    name: "agent",
    summary: "stay: keep this node right, and serve CNI calls fast",
    rootOnly: true,
    takes: [
      ...NODE_OPTIONS,
      "socket",
      "metrics",
      "runtime-endpoint",
      "kubeconfig",
    ],
    flags: {
      probe:
        "ask the agent that runs for its metrics; exit code 1 without an answer",
      "keep-conflist":
        "keep crosslink the last plugin of the node's conflist, whoever rewrites it",
      kubernetes:
        "write the node's files as this cluster's Kubernetes API has them",
    },
    run: runAgent,
  },
  ...KUBERNETES_COMMANDS,
  {
    name: "install",
    summary:
      "put crosslink into the runtime's plugin folder and the node's conflist",
    flags: {
      "drop-in":
        "leave the conflist as it is, for runtimes that read drop-ins (libcni 1.3)",
      wait: "wait for the base plugin's conflist where there is none yet",
      kubernetes:
        "print what a cluster is to be given instead: install --kubernetes --output yaml",
    },
    takes: ["root", "conflist", "output", "name", "image", "json"],
    run: runInstall,
  },
  {
    name: "uninstall",
    summary: "undo install: first the conflist, then the programs",
    flags: { force: "remove the programs even where pods may need them still" },
    takes: ["root", "conflist", "json"],
    run: runUninstall,
  },
  {
    name: "keygen",
    summary: "write a keyring, or take a step of a key rotation",
    flags: {
      rotate: "add the next key; every node accepts it, none sends with it yet",
      activate: "send with the newest key",
      retire: "remove all keys but the active one",
    },
    takes: ["conflist", "keyring"],
    run: runKeygen,
  },
  {
    name: "forget",
    summary:
      "take down the fence of a cluster whose file has gone: forget CLUSTER",
    rootOnly: true,
    takes: ["conflist", "clusters", "json"],
    words: { most: 1, are: "the cluster's name" },
    run: runForget,
  },
  {
    name: "teardown",
    summary: "remove all that crosslink owns on this node, and nothing else",
    rootOnly: true,
    takes: ["json"],
    run: runTeardown,
  },
  {
    name: "routes",
    summary:
      "print what an office router needs, routes or IKE: routes [NETWORK]",
    takes: ["conflist", "clusters", "keyring", "for", "secrets", "json"],
    words: { most: 1, are: "the name of one plain network, or of one by IKE" },
    run: runRoutes,
  },
  {
    name: "ca",
    summary:
      "certificates for keys by IKE: ca init CLUSTER | request | sign NODE FILE | revoke NODE",
    takes: ["conflist", "keyring"],
    words: { most: 3, are: "init, request, sign or revoke, and what it needs" },
    run: runCa,
  },
  {
    name: "ipam",
    summary: "list, show or free addresses: ipam list | show IP | free IP",
    flags: { stale: "free: all whose pod is gone" },
    takes: ["data-dir", "json"],
    words: { most: Infinity, are: "list, show or free, and names" },
    run: runIpam,
  },
  {
    name: "version",
    summary: "print the version",
    takes: ["json"],
    run: runVersion,
  },
];

/**
 * Runs `crosslink COMMAND [OPTIONS]`.
 *
 * @returns 0; 1 after an error, which is on stderr; 2 for words that make no command
 */
export function runCommandLine(
  args: readonly string[],
  terminal: Terminal,
): number {
  const [name = "--help", ...rest] = args;
  if (["--help", "-h", "help"].includes(name) || rest.includes("--help")) {
    terminal.writeStdout(helpText(COMMANDS));
    return 0;
  }
  const command = COMMANDS.find(
    (entry) => entry.name === name.replace(/^--(?=version$)/, ""),
  );
  if (command === undefined) {
    terminal.writeStderr(`crosslink: ${noCommand(name)}\n`);
    return 2;
  }
  return runSafely(command, rest, terminal);
}

function noCommand(name: string): string {
  const meant = nearest(
    name,
    COMMANDS.map((command) => command.name),
  );
  const hint =
    meant === undefined ? "" : `did you mean \`crosslink ${meant}\`? `;
  return `there is no command "${oneLine(name.slice(0, 64))}"; ${hint}\`crosslink --help\` lists them`;
}

function runSafely(
  command: Command,
  args: readonly string[],
  terminal: Terminal,
): number {
  const caller = { command: command.name, user: terminal.user ?? 0 };
  const writeStdout = (text: string): void => {
    terminal.writeStdout(printable(text));
  };
  try {
    const options = parseOptions(args, command, COMMANDS);
    if (command.rootOnly === true) requireRoot(caller);
    return command.run(options, { ...terminal, writeStdout });
  } catch (error) {
    tellError(error, caller, terminal);
    return 1;
  }
}
