import { chmodSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type AgentSite,
  agentSite,
  type LauncherCall,
} from "../../support/agent/site.ts";
import type { Ended } from "../../support/binary.ts";
import { connect, type Namespace, namespace } from "../../support/namespace.ts";
import { until } from "../../support/until.ts";
import { linkOffice } from "../../support/node-site.ts";

let site: AgentSite;
let pod: Namespace;

beforeEach(() => {
  site = agentSite();
  pod = namespace();
  linkOffice(site);
  connect(site.node, "veth0", pod, "eth0");
  pod.shell("ip addr add 10.0.0.7/32 dev eth0; ip route add default dev eth0");
});

afterEach(() => {
  pod[Symbol.dispose]();
  site[Symbol.dispose]();
});

function routedPod(address = "10.0.0.7/32"): {
  config: { prevResult: object };
} {
  return {
    config: {
      prevResult: {
        cniVersion: "1.1.0",
        interfaces: [{ name: "veth0" }, { name: "eth0", sandbox: pod.path }],
        ips: [{ address, interface: 1 }],
      },
    },
  };
}

/** A result of Calico's old kind, which leaves only the pod's namespace to find its device by. */
const oldResult = {
  cniVersion: "0.2.0",
  prevResult: { cniVersion: "0.2.0", ip4: { ip: "10.0.0.7/32" } },
};

function largeResult(): object {
  const search = Array.from({ length: 30_000 }, (_, n) => `n${String(n)}.org`);
  const { prevResult } = routedPod().config;
  return { prevResult: { ...prevResult, dns: { search } } };
}

function hostRoutes(): string {
  return site.node.exec("ip", "route", "show", "proto", "88").trim();
}

function bytesAndCode({ status, stdout }: Ended): object {
  return { status, stdout };
}

/** Every kind of answer: results, nothing at all, and errors of each room. */
function calls(): [string, string, LauncherCall][] {
  return [
    ["an ADD", "ADD", { pod, ...routedPod() }],
    ["an ADD again", "ADD", { pod, ...routedPod() }],
    ["an ADD by namespace alone", "ADD", { pod, config: oldResult }],
    ["a CHECK that succeeds", "CHECK", { pod, ...routedPod() }],
    ["a DEL", "DEL", { pod, ...routedPod() }],
    ["a CHECK that fails", "CHECK", { pod, ...routedPod() }],
    ["a DEL of a pod that is gone", "DEL", { containerId: "gone" }],
    ["a GC", "GC", { config: { "cni.dev/valid-attachments": [] } }],
    ["a STATUS", "STATUS", {}],
    ["a foreign address", "ADD", { pod, ...routedPod("10.9.9.9/32") }],
    ["no prevResult", "ADD", { pod }],
    [
      "a namespace that is gone",
      "ADD",
      { config: oldResult, environment: { CNI_NETNS: "/run/netns/never" } },
    ],
    ["no container", "ADD", { pod, environment: { CNI_CONTAINERID: "" } }],
    ["an unknown command", "FROB", { pod }],
    ["an unknown key", "STATUS", { config: { snatt: "off" } }],
    [
      "a folder that is not there",
      "STATUS",
      { config: { clustersDir: "/nowhere" } },
    ],
    ["an old version without GC", "GC", { config: { cniVersion: "1.0.0" } }],
    ["no JSON", "STATUS", { stdin: "{" }],
    ["empty stdin", "STATUS", { stdin: "" }],
    [
      "text that is not ASCII",
      "STATUS",
      { config: { "ключ\u0000": "\ud83d" } },
    ],
    ["5 MB of stdin", "STATUS", { stdin: " ".repeat(5 << 20) + "{}" }],
    ["7 MB of stdin", "STATUS", { stdin: " ".repeat(7 << 20) + "{}" }],
    ["an answer of 300 kB", "ADD", { pod, config: largeResult() }],
  ];
}

describe("a call by the launcher", () => {
  it("gives the same bytes and exit code with the agent as without", async () => {
    await using agent = await site.startAgent();
    const served: [string, object][] = [];
    for (const [name, command, call] of calls())
      served.push([
        name,
        bytesAndCode(await site.launch(site.alone, command, call)),
      ]);
    await agent[Symbol.asyncDispose]();
    site.node.exec("ip", "route", "flush", "proto", "88");
    const alone: [string, object][] = [];
    for (const [name, command, call] of calls())
      alone.push([
        name,
        bytesAndCode(await site.launch(site.whole, command, call)),
      ]);
    expect(served).toEqual(alone);
    expect(served[0]?.[1]).toMatchObject({ status: 0 });
    expect(served[5]?.[1]).toMatchObject({ status: 1 });
    expect(served.at(-1)?.[1]).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("n29999.org") as string,
    });
  });

  it("changes the kernel as it would without", async () => {
    await using agent = await site.startAgent();
    expect(
      await site.launch(site.alone, "ADD", { pod, ...routedPod() }),
    ).toMatchObject({ status: 0 });
    expect(hostRoutes()).toBe("10.0.0.7 dev veth0 scope link");
    site.node.exec("ping", "-c1", "-W2", "10.0.0.7");
    expect(
      await site.launch(site.alone, "DEL", { pod, ...routedPod() }),
    ).toMatchObject({ status: 0 });
    expect(hostRoutes()).toBe("");
    await until(() => agent.log().includes("crosslink DEL"));
  });

  it("says what is missing where there is neither agent nor full binary", async () => {
    const ended = await site.launch(site.alone, "STATUS");
    expect(ended.status).toBe(1);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      code: 5,
      msg: "Cannot run crosslink: No such file or directory",
    });
  });

  it("hands the pod's namespace over as an open file", async () => {
    const otherMounts = [
      "unshare",
      "--mount",
      "--propagation",
      "private",
      "sh",
      "-c",
      'mount -t tmpfs none /run/netns && exec "$@"',
      "sh",
    ];
    await using agent = await site.startAgent({ within: otherMounts });
    const mounts = `--mount=/proc/${String(agent.process.pid)}/ns/mnt`;
    expect(() => site.node.exec("nsenter", mounts, "ls", pod.path)).toThrow(
      /No such file/,
    );
    const ended = await site.launch(site.alone, "ADD", {
      pod,
      config: oldResult,
    });
    expect(ended).toMatchObject({ status: 0 });
    expect(hostRoutes()).toBe("10.0.0.7 dev veth0 scope link");
  });

  it("is refused from another node's network namespace", async () => {
    await using agent = await site.startAgent();
    using elsewhere = namespace();
    const within = ["nsenter", `--net=${elsewhere.path}`];
    const ended = await site.launch(site.alone, "STATUS", { within });
    expect(ended).toMatchObject({ status: 1 });
    await until(() => agent.log().includes("another network namespace"));
  });

  it("is refused to everybody but root", async () => {
    await using agent = await site.startAgent();
    // The folder and the socket let nobody in; a socket that was handed on must be no way in either.
    expect(statSync(dirname(site.socket)).mode & 0o777).toBe(0o700);
    expect(statSync(site.socket).mode & 0o777).toBe(0o600);
    for (const path of [
      dirname(dirname(site.socket)),
      dirname(site.socket),
      site.alone,
    ])
      chmodSync(path, 0o755);
    chmodSync(site.socket, 0o666);
    const within = ["setpriv", "--reuid=65534", "--clear-groups"];
    expect(await site.launch(site.alone, "STATUS", { within })).toMatchObject({
      status: 1,
    });
    await until(() => agent.log().includes("Cannot serve user 65534"));
  });

  it("is one of 32 at the same moment", async () => {
    await using agent = await site.startAgent();
    await using pods = new AsyncDisposableStack();
    const names = Array.from({ length: 32 }, (_, index) => index);
    const paths = names.map((n) => {
      const own = pods.use(namespace());
      connect(site.node, `p${String(n)}`, own, "eth0");
      own.shell(
        `ip addr add 10.0.0.${String(100 + n)}/32 dev eth0; ip route add default dev eth0`,
      );
      return own.path;
    });
    const all = await Promise.all(
      names.map((n) =>
        site.launch(site.alone, "ADD", {
          containerId: `c${String(n)}`,
          config: {
            prevResult: {
              cniVersion: "1.1.0",
              interfaces: [
                { name: `p${String(n)}` },
                { name: "eth0", sandbox: paths[n] },
              ],
              ips: [{ address: `10.0.0.${String(100 + n)}/32`, interface: 1 }],
            },
          },
          environment: { CNI_NETNS: paths[n]! },
        }),
      ),
    );
    expect(all.map(({ status }) => status)).toEqual(names.map(() => 0));
    all.forEach(({ stdout }, n) => {
      expect(stdout).toContain(`10.0.0.${String(100 + n)}/32`);
    });
    expect(hostRoutes().split("\n")).toHaveLength(32);
    await until(() => agent.log().match(/crosslink ADD/g)?.length === 32);
  });
});
