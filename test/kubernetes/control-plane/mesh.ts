import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readKubeconfig } from "../../../plugin/kubernetes/api/kubeconfig.ts";
import { keepFilesTrue } from "../../../plugin/kubernetes/files/keep.ts";
import {
  type ControlPlaneOfATest,
  controlPlaneForATest,
} from "./for-a-test.ts";
import { binary } from "../../support/binary.ts";

/**
 * Gives a control plane what `crosslink install --kubernetes` prints.
 *
 * @param without kinds that are left out
 */
export async function installMesh(
  plane: ControlPlaneOfATest,
  without: readonly string[] = [],
): Promise<void> {
  const words = "install --kubernetes --output yaml".split(" ");
  const printed = execFileSync(binary, words, { encoding: "utf8" });
  const isLeftOut = (text: string) =>
    without.some((kind) => text.includes(`\nkind: ${kind}\n`));
  const wanted = printed.split(/^---\n/m).filter((text) => !isLeftOut(text));
  const path = join(plane.folder, "mesh.yaml");
  writeFileSync(path, wanted.join("---\n"));
  await plane.kubectl.run("apply", "--validate=strict", "-f", path);
  const kinds = ["clusters", "clusternodes"].map(
    (kind) => `crd/${kind}.crosslink.io`,
  );
  await plane.kubectl.run("wait", "--for=condition=Established", ...kinds);
}

/** `kubectl apply` of objects, as an admin does it: by the client, which checks their words. */
export async function give(
  plane: ControlPlaneOfATest,
  ...items: readonly object[]
): Promise<void> {
  const path = join(plane.folder, "given.json");
  const list = { apiVersion: "v1", kind: "List", items };
  writeFileSync(path, JSON.stringify(list));
  await plane.kubectl.run("apply", "-f", path);
}

/** Two clusters, `a` and `b`, each with its publisher. */
export interface TwoClusters extends AsyncDisposable {
  readonly a: ControlPlaneOfATest;
  readonly b: ControlPlaneOfATest;
  readonly publishers: readonly Staying[];
}

/** Starts both; their publishers have the rights of their service accounts, and no others. */
export async function twoClusters(): Promise<TwoClusters> {
  const a = await controlPlaneForATest();
  const b = await controlPlaneForATest({
    pods: "10.20.0.0/16",
    services: "10.97.0.0/16",
  });
  await Promise.all([installMesh(a), installMesh(b)]);
  const publishers = await Promise.all(
    Object.entries({ a, b }).map(async ([name, plane]) => {
      const config = await accountConfig(plane, "crosslink-publisher");
      return staying("publish", "--name", name, "--kubeconfig", config);
    }),
  );
  return {
    ...{ a, b, publishers },
    [Symbol.asyncDispose]: async () => {
      for (const publisher of publishers)
        await publisher[Symbol.asyncDispose]();
      await a[Symbol.asyncDispose]();
      await b[Symbol.asyncDispose]();
    },
  };
}

/** The kubeconfig of the plane's admin. */
export function adminConfig(plane: ControlPlaneOfATest): string {
  return join(plane.folder, "kubeconfig");
}

/** A kubeconfig with the token of a service account in crosslink-system, which an object may bound; its path. */
export async function accountConfig(
  plane: ControlPlaneOfATest,
  account: string,
  bound?: Bound,
): Promise<string> {
  const admins = readFileSync(adminConfig(plane), "utf8");
  const text = await asAccount(plane, admins, { account, bound });
  const name = [account, bound?.kind, bound?.name].filter(Boolean).join("-");
  const path = join(plane.folder, `${name}.kubeconfig`);
  writeFileSync(path, text);
  return path;
}

/** What a token ends with. */
interface Bound {
  readonly kind: "Pod" | "Node";
  readonly name: string;
}

/** A kubeconfig with such a token in place of who is in it. */
export async function asAccount(
  { kubectl }: Pick<ControlPlaneOfATest, "kubectl">,
  kubeconfig: string,
  {
    account,
    bound,
  }: { readonly account: string; readonly bound?: Bound | undefined },
): Promise<string> {
  const config = JSON.parse(kubeconfig);
  const words = ["create", "token", account, "-n", "crosslink-system"];
  if (bound !== undefined)
    words.push(
      ...["--bound-object-kind", bound.kind],
      ...["--bound-object-name", bound.name],
    );
  const token = (await kubectl.run(...words)).trim();
  const user = { name: config.users[0].name, user: { token } };
  return JSON.stringify({ ...config, users: [user] });
}

/** An agent's share of it, with the rights of its account, until it is disposed of. */
export async function followingAgent(
  plane: ControlPlaneOfATest,
): Promise<Disposable> {
  const folder = join(plane.folder, "node");
  const kept = keepFilesTrue({
    access: readKubeconfig(await accountConfig(plane, "crosslink-agent")),
    places: () => ({
      clustersDir: join(folder, "clusters.d"),
      keyring: join(folder, "keyring.json"),
    }),
    log: () => undefined,
  });
  return { [Symbol.dispose]: kept.stop };
}

/** A program of ours that stays. */
export interface Staying extends AsyncDisposable {
  readonly log: () => string;
  readonly process: ChildProcess;
}

/**
 * Words that start `crosslink` where the name `kubernetes` leads to loopback: the planes' certificates are for it, and nobody
 * lets a peer be read by a loopback address.
 */
function named(words: readonly string[]): string[] {
  const script =
    'printf "127.0.0.1 localhost kubernetes\\n" >/run/hosts && mount --bind /run/hosts /etc/hosts && exec "$@"';
  const hosts = ["sh", "-c", `mount -t tmpfs tmpfs /run && ${script}`, "sh"];
  const own = ["unshare", "--mount", "--propagation", "private"];
  return ["--pdeathsig", "KILL", ...own, ...hosts, binary, ...words];
}

/** Runs `crosslink …` in a folder; what it said, and its exit code. */
export function running(
  folder: string,
  ...words: readonly string[]
): Promise<{ readonly code: number | null; readonly said: string }> {
  return new Promise((resolve) => {
    const child = spawn("setpriv", named(words), { cwd: folder });
    let said = "";
    child.stderr.on("data", (chunk) => (said += String(chunk)));
    child.stdout.on("data", (chunk) => (said += String(chunk)));
    child.on("close", (code) => {
      resolve({ code, said });
    });
  });
}

/** Starts `crosslink …` and lets it run until it is disposed of. */
export function staying(...words: readonly string[]): Staying {
  return started(named(words));
}

/** The same where nothing has that name, as in a cluster whose pods get nowhere. */
export function stayingUnnamed(...words: readonly string[]): Staying {
  return started(["--pdeathsig", "KILL", binary, ...words]);
}

function started(words: readonly string[]): Staying {
  const child = spawn("setpriv", words);
  let log = "";
  child.stderr.on("data", (chunk) => (log += String(chunk)));
  child.stdout.on("data", (chunk) => (log += String(chunk)));
  return {
    process: child,
    log: () => log,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** A Node as its cloud and kubelet describe it. */
export function nodeObject(
  name: string,
  facts: {
    readonly internal: string;
    readonly external?: string;
    readonly pods?: string;
    readonly annotations?: Record<string, string>;
  },
) {
  const { internal, external, pods, annotations = {} } = facts;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, annotations },
    spec: pods === undefined ? {} : { podCIDR: pods, podCIDRs: [pods] },
    status: {
      addresses: [
        { type: "InternalIP", address: internal },
        ...(external === undefined
          ? []
          : [{ type: "ExternalIP", address: external }]),
      ],
    },
  };
}
