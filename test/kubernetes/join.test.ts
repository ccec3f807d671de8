import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WrittenKeyring } from "../../conf/rotation.ts";
import { readKubeconfig } from "../../plugin/kubernetes/api/kubeconfig.ts";
import { asObject } from "../../plugin/kubernetes/api/object.ts";
import { ask } from "../../plugin/kubernetes/api/request.ts";
import { pairKeyring } from "../../plugin/kubernetes/join/pair-keyring.ts";
import { PATHS } from "../../plugin/kubernetes/names.ts";
import { until } from "../support/until.ts";
import { allowedBy, askedBy } from "./control-plane/audit.ts";
import { calicoCrds } from "./control-plane/calico.ts";
import type { ControlPlaneOfATest } from "./control-plane/for-a-test.ts";
import {
  accountConfig,
  adminConfig,
  followingAgent,
  nodeObject,
  running,
  staying,
  type TwoClusters,
  twoClusters,
} from "./control-plane/mesh.ts";

/** Asked for where a reason comes again, where nodes have certificates, and by gateways: rights.test.ts has that. */
const REQUESTS = "certificates.k8s.io/certificatesigningrequests";
const SELDOM = [
  "patch events.k8s.io/events default",
  "create /secrets crosslink-system",
  ...["create", "patch", "delete"].map(
    (verb) => `${verb} coordination.k8s.io/leases crosslink-gateways`,
  ),
  ...["create", "get"].map((verb) => `${verb} ${REQUESTS}`),
  ...["approval", "status"].map((part) => `update ${REQUESTS}/${part}`),
  ...["approve", "sign"].map((verb) => `${verb} certificates.k8s.io/signers`),
];

describe("two commands that join two clusters", () => {
  let clusters: TwoClusters;
  let a: ControlPlaneOfATest;
  let b: ControlPlaneOfATest;
  let publishers: TwoClusters["publishers"] = [];

  beforeAll(async () => {
    clusters = await twoClusters();
    ({ a, b, publishers } = clusters);
    await a.kubectl.run("apply", "--server-side", "-f", calicoCrds());
    await addNode(
      a,
      nodeObject("n1", { internal: "192.0.2.1", pods: "10.10.0.0/24" }),
    );
    await addNode(
      b,
      nodeObject("m1", { internal: "192.0.2.65", pods: "10.20.0.0/24" }),
    );
    for (const plane of [a, b])
      await holds(async () => (await slices(plane)).length === 1);
  });
  afterAll(() => clusters[Symbol.asyncDispose]());

  const addNode = async (plane: ControlPlaneOfATest, object: object) => {
    const path = join(plane.folder, "node.json");
    writeFileSync(path, JSON.stringify(object));
    await plane.kubectl.run("apply", "-f", path);
  };
  const slices = async (plane: ControlPlaneOfATest) => {
    const { items } = await plane.kubectl.get("clusternodes");
    return (items as { metadata: { name: string } }[]).map(
      ({ metadata }) => metadata.name,
    );
  };
  const holds = (what: () => Promise<boolean>) =>
    until(() => what().catch(() => false), {
      limitSeconds: 60,
      pauseMs: 300,
      describe: () => publishers.map(({ log }) => log()).join("\n"),
    });
  /** The plane's URL by a name that other machines could use. */
  const server = (plane: ControlPlaneOfATest) =>
    String(
      JSON.parse(readFileSync(adminConfig(plane), "utf8")).clusters[0].cluster
        .server,
    ).replace("127.0.0.1", "kubernetes");
  const at = (plane: ControlPlaneOfATest, ...words: string[]) =>
    running(plane.folder, ...words, "--kubeconfig", adminConfig(plane));
  const invite = (...words: string[]) =>
    at(a, "invite", "b", "--cluster-pod-cidrs", "10.20.0.0/16", ...words);
  const file = () => join(a.folder, "invitation-b.json");

  it("look at everything before they write anything", async () => {
    const refused = async (sentence: string, ...words: string[]) => {
      const { code, said } = await at(a, ...words);
      expect(said).toContain(sentence);
      expect(code).toBe(1);
    };
    const cidrs = ["--cluster-pod-cidrs", "10.20.0.0/16"];
    await refused("it is this machine itself", "invite", "b", ...cidrs);
    const url = ["--server", server(a)];
    await refused("which networks may it claim", "invite", "b", ...url);
    await refused(
      'Cannot join "a" with itself',
      "invite",
      "a",
      ...cidrs,
      ...url,
    );
    await refused('Cannot name a cluster "B"', "invite", "B", ...cidrs, ...url);
    await refused(
      'its 10.10.0.0/16 overlaps 10.10.0.0/24 of "a"',
      ...["invite", "b", "--cluster-pod-cidrs", "10.10.0.0/16", ...url],
    );
    await refused(
      '"10.20.0.1/16"',
      "invite",
      "b",
      "--cluster-pod-cidrs",
      "10.20.0.1/16",
      ...url,
    );
    const { items } = await a.kubectl.get("secrets", "-A");
    expect(items).toEqual([]);
  });

  it("write an invitation for its owner alone, and print no secret", async () => {
    const { code, said } = await invite("--server", server(a));
    expect(said).toContain("Wrote invitation-b.json");
    expect(said).toContain('Others will allow "a" 10.10.0.0/24 alone');
    expect(code).toBe(0);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    const { token, keyring } = JSON.parse(readFileSync(file(), "utf8"));
    expect(said).not.toContain(token);
    expect(said).not.toContain(JSON.parse(keyring).keys[0].secret);
  });

  it("give a token that may read both kinds, answer once, and nothing else", async () => {
    const { token } = JSON.parse(readFileSync(file(), "utf8"));
    const config = JSON.parse(readFileSync(adminConfig(a), "utf8"));
    const path = join(a.folder, "peer.kubeconfig");
    const users = [{ name: config.users[0].name, user: { token } }];
    writeFileSync(path, JSON.stringify({ ...config, users }));
    const can = async (...words: string[]) =>
      (
        await a.kubectl
          .run("auth", "can-i", ...words, "--kubeconfig", path)
          .catch((error: unknown) => String(error))
      ).startsWith("yes");
    for (const kind of ["clusters.crosslink.io", "clusternodes.crosslink.io"]) {
      for (const verb of ["get", "list", "watch"])
        expect(await can(verb, kind)).toBe(true);
      for (const verb of ["create", "update", "patch", "delete"])
        expect(await can(verb, kind)).toBe(false);
    }
    const system = ["-n", "crosslink-system"];
    expect(await can("patch", "secret/invitation-b", ...system)).toBe(true);
    expect(await can("get", "secret/invitation-b", ...system)).toBe(false);
    expect(await can("patch", "secret/peer-b", ...system)).toBe(false);
    const keys = ["-n", "crosslink-keys"];
    expect(await can("list", "secrets", ...keys)).toBe(false);
    expect(await can("list", "secret/b", ...keys)).toBe(true);
    expect(await can("list", "secret/c", ...keys)).toBe(false);
    expect(await can("patch", "secret/b", ...keys)).toBe(false);
    expect(await can("list", "nodes")).toBe(false);
  });

  it("refuse an invitation that was changed, has expired, or is for another", async () => {
    const whole = readFileSync(file(), "utf8");
    const path = join(b.folder, "invitation.json");
    const joined = async (text: string, plane = b) => {
      writeFileSync(path, text);
      return (await at(plane, "join", path, "--server", server(plane))).said;
    };
    expect(await joined(whole.replace(":", ""))).toContain(
      "it is no invitation",
    );
    expect(await joined(whole.replace('"to": "b"', '"to": "c"'))).toContain(
      "it was changed or cut",
    );
    expect(await joined(whole.replace("https://", "https://evil."))).toContain(
      "it was changed or cut",
    );
    expect(await joined(whole, a)).toContain(
      'it is for "b", and this cluster is "a"',
    );
    expect((await b.kubectl.get("secrets", "-A")).items).toEqual([]);
  });

  it("have both read each other, with one keyring", async () => {
    const joined = await at(b, "join", file(), "--server", server(b));
    expect(joined.said).toContain('Joined "a"');
    expect(joined.code).toBe(0);
    await holds(async () => (await slices(a)).includes("b-0"));
    await holds(async () => (await slices(b)).includes("a-0"));
    const keyrings = await Promise.all(
      (
        [
          [a, "b"],
          [b, "a"],
        ] as const
      ).map(async ([plane, name]) =>
        String(
          (await plane.kubectl.get("secret", name, "-n", "crosslink-keys"))
            .data["keyring.json"],
        ),
      ),
    );
    expect(keyrings[0]).toBe(keyrings[1]);
    await holds(async () =>
      / b +1 +True/.test(
        ` ${(await at(a, "peers")).said}`.replaceAll("\n", " \n "),
      ),
    );
    // The answer has become what the publisher reads by.
    const secrets = (await a.kubectl.get("secrets", "-n", "crosslink-system"))
      .items as { metadata: { name: string } }[];
    expect(secrets.map(({ metadata }) => metadata.name)).toEqual(["peer-b"]);
  });

  it("rotate the pair's key from one side, so that neither ever sends with a key that the other has not", async () => {
    const read = async (plane: ControlPlaneOfATest, name: string) => {
      const path = `${PATHS.keyrings}/${name}`;
      const secret = asObject(
        await ask(readKubeconfig(adminConfig(plane)), { path }),
      );
      return pairKeyring(secret) as WrittenKeyring;
    };
    const both = () => Promise.all([read(a, "b"), read(b, "a")]);
    const [before] = await both();
    // Interrupted after its first step, which lasts.
    const cut = staying(
      ...["rotate", "b", "--settle", "3600"],
      ...["--kubeconfig", adminConfig(a)],
    );
    await holds(async () =>
      (await both()).every(({ keys }) => keys.length === 2),
    );
    await cut[Symbol.asyncDispose]();
    const seen: string[] = [];
    // As from within the publisher's pod, which reaches what the admin's machine may not.
    const rotating = running(
      ...[a.folder, "rotate", "b", "--settle", "1", "--kubeconfig"],
      await accountConfig(a, "crosslink-publisher"),
    );
    const state = { ended: false };
    void rotating.then(() => (state.ended = true));
    while (!state.ended) {
      const now = await both();
      for (const [mine, theirs] of [now, [...now].reverse()]) {
        expect(theirs?.keys.map(({ id }) => id)).toContain(mine?.active);
        const stage = `${mine?.keys.length}${mine?.active === before.active}`;
        if (seen.at(-1) !== stage) seen.push(stage);
      }
    }
    const { code, said } = await rotating;
    expect(said).toContain("is rotated");
    expect(code).toBe(0);
    expect(new Set(seen)).toEqual(new Set(["2true", "2false", "1false"]));
    const [ours, theirs] = await both();
    expect(theirs).toEqual(ours);
    expect(ours.keys).toHaveLength(1);
    expect(ours.active).not.toBe(before.active);
    expect(said + cut.log()).not.toContain(ours.keys[0]?.secret);
  });

  it("rotate no key with one that never joined", async () => {
    const { code, said } = await at(a, "rotate", "c");
    expect(said).toContain("it is no peer that joined");
    expect(code).toBe(1);
  });

  it("refuse an invitation that is used a second time", async () => {
    await at(b, "leave", "a");
    const again = await at(b, "join", file(), "--server", server(b));
    expect(again.said).toContain("it was answered already, or withdrawn");
    expect(again.code).toBe(1);
    expect((await b.kubectl.get("secrets", "-A")).items).toEqual([]);
  });

  it("leave one side, twice, and take nothing of the other's", async () => {
    for (let time = 0; time < 2; time++) {
      const { code, said } = await at(a, "leave", "b");
      expect(said).toContain("crosslink forget b");
      expect(code).toBe(0);
    }
    await holds(async () => (await slices(a)).join() === "a-0");
    expect((await a.kubectl.get("secrets", "-A")).items).toEqual([]);
    expect((await at(a, "leave", "a")).said).toContain(
      "it is this cluster itself",
    );
  });

  it("join again after that", async () => {
    rmSync(file());
    expect((await invite("--server", server(a))).code).toBe(0);
    const joined = await at(b, "join", file(), "--server", server(b));
    expect(joined.said).toContain('Joined "a"');
    await holds(async () => (await slices(a)).includes("b-0"));
    await holds(async () => (await slices(b)).includes("a-0"));
  });

  it("carry a cluster by hand, and carry it again when it has changed", async () => {
    for (const [plane, peer] of [
      [a, "b"],
      [b, "a"],
    ] as const)
      await at(plane, "leave", peer);
    await holds(async () => (await slices(b)).join() === "b-0");
    const path = join(b.folder, "a.json");
    const carry = async () => {
      writeFileSync(path, (await at(a, "export")).said);
      return at(b, "import", path, "--cluster-pod-cidrs", "10.10.0.0/16");
    };
    const nodes = async () => {
      const { spec } = await b.kubectl.get("clusternodes", "a-0");
      return (spec.nodes as { name: string }[]).map(({ name }) => name);
    };
    expect((await carry()).said).toContain('Imported "a" with 1 nodes');
    expect(await nodes()).toEqual(["n1"]);
    await addNode(
      a,
      nodeObject("n2", { internal: "192.0.2.2", pods: "10.10.2.0/24" }),
    );
    await holds(async () => {
      const { spec } = await a.kubectl.get("clusternodes", "a-0");
      return spec.nodes.length === 2;
    });
    expect((await carry()).said).toContain('Imported "a" with 2 nodes');
    expect(await nodes()).toEqual(["n1", "n2"]);
    expect((await at(b, "peers")).said).toContain("it was declared here");
    await at(b, "leave", "a");
    await holds(async () => (await slices(b)).join() === "b-0");
  });

  it("join in one step for who has both kubeconfigs, and take kosmosctl's words for the one that joins", async () => {
    const reachable = (plane: ControlPlaneOfATest) => {
      const config = JSON.parse(readFileSync(adminConfig(plane), "utf8"));
      config.clusters[0].cluster.server = server(plane);
      const path = join(plane.folder, "reachable.kubeconfig");
      writeFileSync(path, JSON.stringify(config));
      return ["--kubeconfig", path];
    };
    const both = (...words: string[]) =>
      running(a.folder, "join", ...words, ...reachable(b));
    const words = (address: string) => [
      ...["--cni", "calico", "--default-nic", "eth0", "--ip-family", "ipv4"],
      ...["--node-elasticip", address, "--network-type", "p2p"],
      ...["--cluster-pod-cidrs", "10.20.0.0/16"],
    ];
    for (const [sentence, ...given] of [
      ["it is this machine itself", "--kubeconfig", adminConfig(a)],
      [
        "there is no Node of that name",
        ...reachable(a),
        ...words("m0=203.0.113.65"),
      ],
      ["is no address", ...reachable(a), ...words("m1=203.0.113")],
      ["/cni", ...reachable(a), "--cni", "weave"],
      [
        "overlaps 10.10.0.0/16 of",
        ...reachable(a),
        "--cluster-pod-cidrs",
        "10.10.0.0/16",
      ],
    ] as const) {
      const { code, said } = await both(...given);
      expect(said).toContain(sentence);
      expect(code).toBe(1);
    }
    for (const plane of [a, b])
      expect((await plane.kubectl.get("secrets", "-A")).items).toEqual([]);
    const { code, said } = await both(
      ...reachable(a),
      ...words("m1=203.0.113.65"),
    );
    expect(said).toContain('Joined "b" with "a"');
    expect(said).toContain('Others will allow "a"');
    expect(code).toBe(0);
    await holds(async () => {
      const { spec } = await a.kubectl.get("clusternodes", "b-0");
      const { status } = await a.kubectl.get("cluster", "b");
      const [{ name, elasticIP }] = spec.nodes;
      const { cni, mode, ipFamily, podCIDRs } = status.discovered;
      return (
        [name, elasticIP, cni, mode, ipFamily, podCIDRs].join() ===
        "m1,203.0.113.65,calico,p2p,ipv4,10.20.0.0/16"
      );
    });
    await holds(async () => (await slices(b)).includes("a-0"));
  });

  it("need all lines of RBAC that there are, and no more", async () => {
    const agent = await followingAgent(a);
    const folders = [a.folder, b.folder];
    // What somebody asked for would have been refused without its line; kinds that came late are watched by and by.
    const used = async (account: RegExp, role: string) => {
      const wanted = (await allowedBy(a.kubectl, role)).filter(
        (line) => !SELDOM.includes(line),
      );
      expect(wanted).not.toEqual([]);
      await holds(() => {
        const asked = askedBy(folders, account);
        return Promise.resolve(wanted.every((line) => asked.includes(line)));
      });
      expect(
        askedBy(folders, account).filter((line) => !SELDOM.includes(line)),
      ).toEqual(wanted);
    };
    await used(/^crosslink-publisher$/, "crosslink-publisher");
    await used(/^crosslink-agent$/, "crosslink-agent");
    agent[Symbol.dispose]();
    // The admin's too, who looks with the peer's token for what is wrong.
    const looks = ["clusternodes", "clusters"].map(
      (kind) => `get crosslink.io/${kind}`,
    );
    const peers = [
      ...(await allowedBy(a.kubectl, "crosslink-peer")),
      ...(await allowedBy(a.kubectl, "peer-b")),
    ];
    expect([...askedBy(folders, /^peer-/), ...looks].sort()).toEqual(
      peers.sort(),
    );
    for (const publisher of publishers)
      expect(publisher.log()).not.toMatch(/ 403|forbidden/i);
  });
});
