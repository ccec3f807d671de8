import { chmodSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AgentSite, agentSite } from "../../support/agent/site.ts";
import { connect, type Namespace, namespace } from "../../support/namespace.ts";
import { agentPod, capabilities } from "../../support/agent/ops-files.ts";
import { until } from "../../support/until.ts";
import { linkOffice } from "../../support/node-site.ts";

let site: AgentSite;
let pod: Namespace;

beforeEach(() => {
  site = agentSite();
  pod = namespace();
  connect(site.node, "veth0", pod, "eth0");
  // Masquerade rules in legacy iptables: what needs the most privileges.
  site.node.shell(`
    iptables-legacy -w -t nat -N KUBE-POSTROUTING
    iptables-legacy -w -t nat -A POSTROUTING -j KUBE-POSTROUTING
    iptables-legacy -w -t nat -A KUBE-POSTROUTING -s 10.0.0.0/24 -j MASQUERADE`);
  linkOffice(site);
});

afterEach(() => {
  pod[Symbol.dispose]();
  site[Symbol.dispose]();
});

/** UDP 500 is below net.ipv4.ip_unprivileged_port_start. */
const FOR_CHARON = "CAP_NET_BIND_SERVICE";

/** Words that leave a program these capabilities, and no way to others. */
function only(names: readonly string[]): string[] {
  const kept = names.map(
    (name) => `+${name.replace("CAP_", "").toLowerCase()}`,
  );
  const set = ["-all", ...kept].join(",");
  return [
    "setpriv",
    `--bounding-set=${set}`,
    "--inh-caps=-all",
    "--no-new-privs",
  ];
}

/** An ADD whose prevResult names no device: it has to be found from inside of the pod. */
async function add(): Promise<unknown> {
  return site.launch(site.alone, "ADD", {
    pod,
    config: {
      cniVersion: "0.2.0",
      prevResult: { cniVersion: "0.2.0", ip4: { ip: "10.0.0.7/32" } },
    },
  });
}

function legacyRules(): string {
  const list = ["-w", "-t", "nat", "-S", "POSTROUTING"]; // the agent may hold the lock
  return site.node.exec("iptables-legacy", ...list);
}

async function servesAndRepairs(): Promise<void> {
  expect(await add()).toMatchObject({ status: 0 });
  const { node } = site;
  expect(node.exec("ip", "route", "show", "proto", "88")).toContain(
    "10.0.0.7 dev veth0",
  );
  expect(node.exec("cat", "/proc/sys/net/ipv4/conf/veth0/proxy_arp")).toBe(
    "1\n",
  );
  expect(legacyRules()).toContain("--comment crosslink -j RETURN");
  node.shell(`
    iptables-legacy -w -t nat -F POSTROUTING
    nft delete table ip crosslink
    echo 0 > /proc/sys/net/ipv4/ip_forward`);
  await until(
    () =>
      legacyRules().includes("crosslink") &&
      node.exec("nft", "list", "tables").includes("crosslink") &&
      node.exec("cat", "/proc/sys/net/ipv4/ip_forward") === "1\n",
  );
}

describe("an agent with the privileges of the systemd unit", () => {
  it("serves an ADD and repairs the node", async () => {
    await using agent = await site.startAgent({
      within: only(capabilities("unit")),
    });
    await servesAndRepairs();
    expect(agent.log()).not.toMatch(/"level":"(warn|error)"/);
  });

  it.each(capabilities("unit").filter((name) => name !== FOR_CHARON))(
    "needs %s",
    async (name) => {
      const others = capabilities("unit").filter((other) => other !== name);
      const serves = async (): Promise<boolean> => {
        await using agent = await site.startAgent({ within: only(others) });
        const { status } = (await add()) as { status: number };
        return status === 0 && !/"level":"(warn|error)"/.test(agent.log());
      };
      expect(await serves().catch(() => false)).toBe(false);
    },
  );

  it(`needs ${FOR_CHARON} for the port that charon speaks IKE at`, () => {
    expect(capabilities("unit")).toContain(FOR_CHARON);
    const others = capabilities("unit").filter((name) => name !== FOR_CHARON);
    const script =
      "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).bind(('', 500))";
    const bind = (names: readonly string[]): unknown =>
      site.node.exec(
        "setpriv",
        ...only(names).slice(1),
        "python3",
        "-c",
        script,
      );
    expect(() => bind(others)).toThrow("Permission denied");
    expect(() => bind(capabilities("unit"))).not.toThrow();
  });
});

describe("the agent's socket", () => {
  it("serves nobody but root, whoever could reach it", async () => {
    await using agent = await site.startAgent();
    for (let path = site.alone; path !== tmpdir(); path = dirname(path))
      chmodSync(path, 0o755);
    for (let path = site.socket; path !== tmpdir(); path = dirname(path))
      chmodSync(path, 0o777);
    const nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
    const ended = await site.launch(site.alone, "DEL", {
      within: ["setpriv", ...nobody],
    });
    expect(ended.status).toBe(1);
    expect(JSON.parse(ended.stdout)).toMatchObject({ code: 5 });
    await until(() =>
      agent.log().includes("Cannot serve user 65534: only root may call"),
    );
  });
});

describe("an agent in a container like the manifest's", () => {
  /**
   * A root of its own, and read-only but for the machine's /run and /tmp; /proc/sys read-only, as every container has
   * it; and the node's sysctls where the manifest mounts them.
   */
  function container(): string[] {
    const { pod, container } = agentPod();
    const volume = pod.volumes?.find(
      ({ hostPath }) => hostPath?.path === "/proc/sys/net",
    );
    const mount = container.volumeMounts?.find(
      ({ name }) => name === volume?.name,
    );
    const at = mount?.mountPath ?? "/nowhere";
    const script = `
      mount -t tmpfs none /mnt
      for path in /*; do
        [ "$path" = /mnt ] || [ ! -d "$path" ] || [ -L "$path" ] || { mkdir "/mnt$path"; mount --rbind "$path" "/mnt$path"; }
        [ ! -L "$path" ] || cp -P "$path" "/mnt$path"
      done
      mount --bind /proc/sys /mnt/proc/sys
      mkdir -p "/mnt${at}"
      mount --bind /proc/sys/net "/mnt${at}"
      mount -o remount,bind,ro /mnt/proc/sys
      mount -o remount,ro /mnt
      exec chroot /mnt "$@"`;
    return [
      "unshare",
      "--mount",
      "--propagation",
      "private",
      "sh",
      "-ec",
      script,
      "sh",
    ];
  }

  it("serves an ADD and repairs the node", async () => {
    const within = [...container(), ...only(capabilities("manifest"))];
    await using agent = await site.startAgent({ within });
    await servesAndRepairs();
    expect(agent.log()).not.toMatch(/"level":"(warn|error)"/);
    const own = `--mount=/proc/${String(agent.process.pid)}/ns/mnt`;
    const root = `/proc/${String(agent.process.pid)}/root`;
    expect(() =>
      site.node.exec(
        "nsenter",
        own,
        "sh",
        "-c",
        `echo 1 > ${root}/proc/sys/net/ipv4/ip_forward`,
      ),
    ).toThrow(/Read-only/);
  });
});
