import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Conflist } from "../../../support/chain.ts";
import { type Cri, criClient } from "./cri.ts";
import type { RuntimeHost } from "./host.ts";
import { pauseImageName } from "./image.ts";

/** containerd on a node, serving the CRI. */
export interface Containerd {
  readonly host: RuntimeHost;
  readonly cri: Cri;
  /** Puts a conflist into its net.d, in place of the one there, and waits until containerd took it up. */
  configure(conflist: Conflist): Promise<void>;
  /** Kills the daemon without warning, and starts another; its pods live on. */
  restart(): Promise<void>;
}

/** Where a node's containerd finds what it needs. */
export interface ContainerdOptions {
  /** For its configuration and log, and net.d. */
  readonly folder: string;
  /** Its CNI plugins. */
  readonly binFolder: string;
  /** The tar file of `pauseImage()`. */
  readonly image: string;
}

const socket = "/run/containerd/containerd.sock";
const pidFile = "/run/containerd.pid";

/** Starts containerd on a host, and gives it the image of its sandboxes. Ends with the host. */
export async function containerd(
  host: RuntimeHost,
  options: ContainerdOptions,
): Promise<Containerd> {
  const netFolder = join(options.folder, "net.d");
  mkdirSync(netFolder, { recursive: true });
  const config = join(options.folder, "containerd.toml");
  const log = join(options.folder, "containerd.log");
  writeFileSync(config, configuration(netFolder, options.binFolder));
  const cri = criClient(host.outside(socket), `/${host.group}`);
  const start = async (): Promise<void> => {
    const command = ["containerd", "--config", config];
    host.start({ command, log, pidFile });
    await until(`containerd serves the CRI (${log})`, log, async () =>
      (await cri.status()).unmet.has("RuntimeReady"),
    );
  };
  await start();
  // Its first pod unpacks it, by the CRI's snapshotter: containerd 2's `ctr` knows no other way to another than its default.
  const importing = ["--namespace", "k8s.io", "images", "import"];
  host.exec("ctr", ...importing, "--no-unpack", options.image);
  return {
    host,
    cri,
    configure: async (conflist) => {
      writeConflist(netFolder, conflist);
      const wanted = conflist.plugins.map(({ type }) => type).join(" ");
      await until(`containerd took up ${wanted}`, log, async () => {
        const { cniConfiguration } = await cri.status();
        return typesIn(cniConfiguration) === wanted;
      });
    },
    restart: async () => {
      host.kill("KILL", pidFile);
      await start();
    },
  };
}

/** What kubelet's containerd has, less what this kernel or a namespace cannot give. */
function configuration(netFolder: string, binFolder: string): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return [
    "version = 2",
    `[${cri}]`,
    `sandbox_image = "${pauseImageName}"`,
    // The scores of the processes that run tests may not be lowered everywhere.
    "restrict_oom_score_adj = true",
    "disable_apparmor = true",
    "netns_mounts_under_state_dir = true",
    `[${cri}.containerd]`,
    'snapshotter = "native"',
    `[${cri}.cni]`,
    `conf_dir = "${netFolder}"`,
    `bin_dir = "${binFolder}"`,
    "",
  ].join("\n");
}

/** By rename, as installers do: containerd may look at any moment. */
function writeConflist(folder: string, conflist: Conflist): void {
  const unfinished = join(folder, ".unfinished");
  writeFileSync(unfinished, JSON.stringify(conflist));
  renameSync(unfinished, join(folder, "10-pods.conflist"));
}

/** The plugins of the network "pods" in containerd's own JSON. */
function typesIn(cniConfiguration: string): string {
  const { Networks = [] } = JSON.parse(cniConfiguration || "{}") as {
    Networks?: {
      Config: { Name: string; Plugins: { Network: { type: string } }[] };
    }[];
  };
  const pods = Networks.find(({ Config }) => Config.Name === "pods");
  return (pods?.Config.Plugins ?? [])
    .map(({ Network }) => Network.type)
    .join(" ");
}

async function until(
  what: string,
  log: string,
  holds: () => Promise<boolean>,
): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const held = await holds().catch(notYet);
    if (held) return;
    await wait(50);
  }
  const last = readFileSync(log, "utf8").split("\n").slice(-20).join("\n");
  throw new Error(`Cannot wait longer until ${what}:\n${last}`);
}

/** A daemon that isn't there yet refuses connections. */
function notYet(): false {
  return false;
}
