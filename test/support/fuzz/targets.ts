import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../../cni/main.ts";
import type { Binding } from "../../../native/binding.ts";
import {
  pluginHandlers,
  processContext,
} from "../../../plugin/handlers/handlers.ts";
import { binding } from "../binding.ts";
import { garbling } from "./garble.ts";
import {
  configuration,
  encryptedCluster,
  type FaultPod,
  plainNetwork,
  type SiteFiles,
} from "../faults/site.ts";
import { SECRET } from "../node-files.ts";
import { cniEnvironment } from "../binary.ts";

/** How a call ended. */
export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One kind of input: some to begin with, and the call that takes one. */
export interface Target {
  readonly corpus: readonly Buffer[];
  readonly call: (input: Buffer) => Outcome;
}

/** What is fuzzed: a node's files, and a pod of it. */
export interface FuzzedSite extends SiteFiles {
  readonly pod: FaultPod;
}

const COMMANDS = ["ADD", "CHECK", "DEL", "GC", "STATUS", "VERSION"];

/** Everything that comes from outside, by name. */
export function fuzzTarget(site: FuzzedSite, name: string): Target {
  const targets: Readonly<Record<string, () => Target>> = {
    stdin: () => stdinTarget(site),
    environment: () => environmentTarget(site),
    clusters: () =>
      fileTarget(site, join(site.clustersDir, "b.json"), clusters),
    slices: () => sliceTarget(site),
    keyring: () => fileTarget(site, site.keyring, keyrings),
    netlink: () => netlinkTarget(site),
  };
  return targets[name]!();
}

function stdinTarget(site: FuzzedSite): Target {
  return {
    corpus: configurations(site),
    // Mostly ADD, since it goes furthest.
    call: (stdin) =>
      call(site, {
        stdin,
        environment: environmentOf(site, COMMANDS[stdin.length % 12] ?? "ADD"),
      }),
  };
}

function environmentTarget(site: FuzzedSite): Target {
  return {
    corpus: COMMANDS.map((command) => toBytes(environmentOf(site, command))),
    call: (input) => call(site, { environment: strings(input) }),
  };
}

/** CHECK does with files what ADD does; ADD, now and then, does what they say. */
function fileTarget(
  site: FuzzedSite,
  file: string,
  corpus: readonly object[],
): Target {
  return {
    corpus: corpus.map(toBytes),
    call: (input) => {
      writeFileSync(file, input);
      const command = input.length % 16 === 0 ? "ADD" : "CHECK";
      return call(site, { environment: environmentOf(site, command) });
    },
  };
}

/** A slice of a plain network's routers, beside the network's own file. */
function sliceTarget(site: FuzzedSite): Target {
  const { nodes, ...own } = plainNetwork;
  const head = JSON.stringify({ name: "b", ...own });
  writeFileSync(join(site.clustersDir, "b.json"), head);
  const folder = join(site.clustersDir, "b.d");
  mkdirSync(folder);
  writeFileSync(join(folder, "1.json"), JSON.stringify({ nodes: [] }));
  return fileTarget(site, join(folder, "2.json"), [
    { nodes },
    { nodes: rich.nodes },
  ]);
}

function netlinkTarget(site: FuzzedSite): Target {
  const commands = ["ADD", "ADD", "CHECK", "GC", "DEL"];
  return {
    corpus: [
      toBytes([[1, 0, 7, 3]]),
      toBytes([
        [4, 1, 20, 9],
        [9, 2, 0, 0],
      ]),
    ],
    call: (input) =>
      call(site, {
        kernel: garbling(binding, input),
        environment: environmentOf(
          site,
          commands[input.length % commands.length]!,
        ),
      }),
  };
}

const rich = {
  cni: "calico",
  mode: "gateway",
  ipFamily: "all",
  podCIDRs: ["10.1.0.0/16", "fd0b::/48"],
  serviceCIDRs: ["10.96.0.0/16"],
  globalCIDRs: { "10.1.0.0/16": "100.80.0.0/16" },
  nodes: [
    {
      name: "n1",
      ips: ["172.17.2.2", "fd18::2"],
      elasticIP: "203.0.113.2",
      podCIDRs: ["10.1.1.0/24"],
      gateway: true,
    },
    { name: "n2", ips: ["172.17.2.3"], podCIDRs: ["10.1.2.0/24"] },
  ],
  encryption: "esp",
  encap: "udp",
};
const clusters = [plainNetwork, encryptedCluster, rich].map((cluster) => ({
  name: "b",
  ...cluster,
}));
const keyrings = [
  {
    active: 1,
    keys: [
      { id: 1, secret: SECRET },
      { id: 2, secret: Buffer.alloc(32, 1).toString("base64") },
    ],
  },
  { static: { spi: 186, reqid: 186, key: `0x${"5a".repeat(20)}` } },
];

interface Call {
  readonly stdin?: Buffer;
  readonly environment: Readonly<Record<string, string>>;
  readonly kernel?: Binding;
}

const HOST = { nodeName: "node1", hostName: "no-such-host" };

function call(
  site: FuzzedSite,
  { stdin, environment, kernel = binding }: Call,
): Outcome {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const writeStderr = (text: string): unknown => stderr.push(text);
  const exitCode = run(
    {
      environment,
      readStdin: () => stdin ?? configurations(site)[0]!,
      writeStdout: (text) => stdout.push(text),
      writeStderr,
    },
    pluginHandlers(
      processContext({
        kernel: () => ({ binding: kernel }),
        host: HOST,
        writeStderr,
      }),
    ),
  );
  return { exitCode, stdout: stdout.join(""), stderr: stderr.join("") };
}

/** Without a log: root may write to any file that a mutation names. */
function configurations(site: FuzzedSite): Buffer[] {
  const { pod } = site;
  const logFile = undefined;
  const valid = [{ containerID: pod.containerId, ifname: "eth0" }];
  const gc = { "cni.dev/valid-attachments": valid };
  const runtime = { runtimeConfig: { a: [1] }, capabilities: { ips: true } };
  return [
    configuration(site, pod, { logFile }),
    configuration(site, pod, { logFile, cniVersion: "0.3.1", ...gc }),
    configuration(site, undefined, { logFile, ...gc }),
    configuration(site, pod, { logFile, snat: "return", ...runtime }),
  ].map(toBytes);
}

function environmentOf(
  { pod }: FuzzedSite,
  command: string,
): Record<string, string> {
  return {
    ...cniEnvironment(command, {
      containerId: pod.containerId,
      netns: pod.path,
    }),
    CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAME=a",
  };
}

function strings(input: Buffer): Record<string, string> {
  try {
    const value: unknown = JSON.parse(input.toString());
    return Object.fromEntries(
      Object.entries(value ?? {}).map(([name, item]) => [name, String(item)]),
    );
  } catch {
    return { CNI_COMMAND: input.toString() };
  }
}

function toBytes(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
