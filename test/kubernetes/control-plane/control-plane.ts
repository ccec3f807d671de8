import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { until } from "../../support/until.ts";
import type { ProgramFolders } from "../programs/build.ts";
import { auditWords } from "./audit.ts";
import { type Kubectl, kubectl } from "./kubectl.ts";
import { authority, type Identity, kubeconfig } from "./pki.ts";

/** QEMU's user network shows a guest the host's loopback by this address. */
const HOST_FROM_GUEST = "10.0.2.2";

/** A cluster's API server, and most often controller manager and scheduler, as processes of this machine on its loopback. */
export interface ControlPlane extends AsyncDisposable {
  readonly kubectl: Kubectl;
  /** The API server's, on this machine's loopback. */
  readonly port: number;
  /** For programs in the guest: what it holds is an administrator's. */
  readonly guestKubeconfig: string;
  /** Kills the API server and what it stores in, and starts both again afterwards: the same as before, or what was put in its place. */
  readonly withoutApi: (meanwhile: () => Promise<unknown>) => Promise<void>;
}

/** What distinguishes one cluster's control plane from another's. */
export interface ControlPlaneOptions {
  /** For its files and logs. */
  readonly folder: string;
  readonly programs: ProgramFolders;
  /** CIDRs. */
  readonly pods: string;
  readonly services: string;
  /** No controller manager and no scheduler: what they would make is written by hand. */
  readonly apiOnly?: boolean;
}

/** Starts a control plane, and waits until its API server is ready. */
export async function controlPlane(
  options: ControlPlaneOptions,
): Promise<ControlPlane> {
  const { folder } = options;
  mkdirSync(folder, { recursive: true });
  const keys = makeKeys(options);
  const [api, store, manager, scheduler] = await freePorts(4);
  const ports = {
    api: api ?? 0,
    store: store ?? 0,
    manager: manager ?? 0,
    scheduler: scheduler ?? 0,
  };
  const ownConfig = join(folder, "kubeconfig");
  const admin = (host: string) =>
    kubeconfig(`https://${host}:${ports.api}`, keys.ca, keys.admin);
  writeFileSync(ownConfig, admin("127.0.0.1"), { mode: 0o600 });
  const running = new Map<Program, ChildProcess>();
  const words = commandLines(options, { keys, ports, ownConfig });
  const start = (names: readonly Program[]) => {
    for (const name of names)
      running.set(name, startProgram(options, name, words[name]));
  };
  const client = kubectl(programOf(options.programs, "kubectl"), ownConfig);
  const end = () => endAll([...running.values()].toReversed());
  const startApi = async () => {
    start(["kine", "kube-apiserver"]);
    await until(client.isReady, {
      limitSeconds: 120,
      pauseMs: 300,
      describe: () => tail(folder, "kube-apiserver"),
    });
  };
  const stopApi = () =>
    endAll(
      (["kube-apiserver", "kine"] as const).flatMap(
        (name) => running.get(name) ?? [],
      ),
    );
  try {
    await startApi();
  } catch (error) {
    await end();
    throw error;
  }
  if (options.apiOnly !== true)
    start(["kube-controller-manager", "kube-scheduler"]);
  return {
    kubectl: client,
    port: ports.api,
    guestKubeconfig: admin(HOST_FROM_GUEST),
    withoutApi: async (meanwhile) => {
      await stopApi();
      await meanwhile();
      await startApi();
    },
    [Symbol.asyncDispose]: end,
  };
}

type Program =
  "kine" | "kube-apiserver" | "kube-controller-manager" | "kube-scheduler";

interface Keys {
  readonly ca: Identity;
  readonly server: Identity;
  readonly admin: Identity;
  readonly accounts: Identity;
}

function makeKeys({ folder, services }: ControlPlaneOptions): Keys {
  const ca = authority(join(folder, "pki"));
  // The first address of a cluster's services is its API server's.
  const first = services.replace(/\.\d+\/.*/, ".1");
  const names = ["127.0.0.1", HOST_FROM_GUEST, first].map(
    (address) => `IP:${address}`,
  );
  const client = "extendedKeyUsage=clientAuth";
  return {
    ca,
    server: ca.sign("server", "/CN=kube-apiserver", [
      `subjectAltName=${[...names, "DNS:kubernetes", "DNS:localhost"].join(",")}`,
      "extendedKeyUsage=serverAuth",
    ]),
    admin: ca.sign("admin", "/O=system:masters/CN=admin", [client]),
    accounts: ca.sign("accounts", "/CN=accounts", [client]),
  };
}

interface Ports {
  readonly api: number;
  readonly store: number;
  readonly manager: number;
  readonly scheduler: number;
}

function commandLines(
  { folder, pods, services }: ControlPlaneOptions,
  { keys, ports, ownConfig }: { keys: Keys; ports: Ports; ownConfig: string },
): Record<Program, readonly string[]> {
  const store = `127.0.0.1:${ports.store}`;
  const client = [
    `--kubeconfig=${ownConfig}`,
    "--leader-elect=false",
    "--bind-address=127.0.0.1",
  ];
  return {
    kine: [
      `--endpoint=sqlite://${folder}/db.sqlite?_journal=WAL&cache=shared&_busy_timeout=30000`,
      `--listen-address=tcp://${store}`,
      // A second one finds the port of the first taken.
      "--metrics-bind-address=0",
    ],
    "kube-apiserver": [
      `--etcd-servers=http://${store}`,
      `--secure-port=${ports.api}`,
      "--bind-address=127.0.0.1",
      ...auditWords(folder),
      `--tls-cert-file=${keys.server.certificate}`,
      `--tls-private-key-file=${keys.server.key}`,
      `--client-ca-file=${keys.ca.certificate}`,
      `--service-account-key-file=${keys.accounts.certificate}`,
      `--service-account-signing-key-file=${keys.accounts.key}`,
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-cluster-ip-range=${services}`,
      "--authorization-mode=Node,RBAC",
      "--allow-privileged=true",
      "--endpoint-reconciler-type=none",
    ],
    "kube-controller-manager": [
      ...client,
      `--secure-port=${ports.manager}`,
      `--service-account-private-key-file=${keys.accounts.key}`,
      `--root-ca-file=${keys.ca.certificate}`,
      "--allocate-node-cidrs=true",
      `--cluster-cidr=${pods}`,
      `--service-cluster-ip-range=${services}`,
      "--use-service-account-credentials=true",
      // A kubelet on an emulated processor may be late, and is no reason to give a node up, or to collect the pods of one that comes back.
      "--node-monitor-grace-period=600s",
      "--controllers=*,-pod-garbage-collector-controller",
    ],
    "kube-scheduler": [...client, `--secure-port=${ports.scheduler}`],
  };
}

function programOf(programs: ProgramFolders, name: string): string {
  return join(
    programs.get(name === "kine" ? "kine" : "kubernetes") ?? "",
    name,
  );
}

function startProgram(
  { folder, programs }: ControlPlaneOptions,
  name: Program,
  words: readonly string[],
): ChildProcess {
  const log = openSync(join(folder, `${name}.log`), "a");
  // Where the tests are killed, the kernel ends it.
  const whole = ["--pdeathsig", "KILL", programOf(programs, name), ...words];
  const child = spawn("setpriv", whole, { stdio: ["ignore", log, log] });
  closeSync(log);
  return child;
}

async function endAll(children: readonly ChildProcess[]): Promise<void> {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
}

/** Ports of loopback that nobody listens on. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () =>
    createServer().listen(0, "127.0.0.1"),
  );
  const ports: number[] = [];
  for (const server of servers) {
    if (!server.listening) await once(server, "listening");
    const address = server.address();
    if (typeof address === "object" && address !== null)
      ports.push(address.port);
    server.close();
  }
  return ports;
}

function tail(folder: string, name: string): string {
  return readFileSync(join(folder, `${name}.log`), "utf8")
    .split("\n")
    .slice(-5)
    .join("\n");
}
