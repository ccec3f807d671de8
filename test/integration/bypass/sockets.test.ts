import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type BypassSite, bypassSite } from "../../support/bypass-site.ts";
import { type SocketPolicy, startSocket } from "../../support/socket-policy.ts";

let site: BypassSite;

beforeEach(() => {
  site = bypassSite();
  site.outside.shell(`nft -f - <<'END'
    table inet clear {
      chain in { type filter hook prerouting priority -300; ip daddr 10.0.1.5 udp dport 7777 counter; }
    }
END`);
});

afterEach(() => {
  site[Symbol.dispose]();
});

const OUT: readonly SocketPolicy[] = [{ direction: "out" }];
const IN: readonly SocketPolicy[] = [{ direction: "in" }];

/** How many datagrams of a program there come out for a remote pod. */
async function sent(
  from: "node" | "pod",
  policies: readonly SocketPolicy[],
): Promise<number> {
  const count = (): number =>
    Number(
      /packets (\d+)/.exec(
        site.outside.exec("nft", "list", "table", "inet", "clear"),
      )?.[1],
    );
  const before = count();
  await startSocket(site[from], { policies, sendTo: "10.0.1.5" }).end();
  return count() - before;
}

describe("a policy on a socket of a program's own", () => {
  it("of the node's, that lets out: the second layer stops the packet", async () => {
    expect(await sent("node", OUT)).toBe(0);
    site.node.shell("nft delete table inet crosslink");
    expect(await sent("node", [])).toBe(0);
    expect(await sent("node", OUT)).toBe(3);
  });

  it("of the node's, that lets in: the second layer stops the packet", async () => {
    const heard = async (policies: readonly SocketPolicy[]) => {
      const program = startSocket(site.node, { policies });
      while (!site.node.exec("ss", "-Hlun").includes(":7777")) await sleep(10);
      site.outside.shell(
        "for n in 1 2 3; do echo clear > /dev/udp/172.17.1.2/7777; done",
      );
      return Number(await program.end());
    };
    site.outside.shell("ip route replace 172.17.1.2 dev eth0 src 10.0.1.5");
    expect(await heard(IN)).toBe(0);
    site.node.shell("nft delete table inet crosslink");
    expect(await heard([])).toBe(0);
    expect(await heard(IN)).toBe(3);
  });

  it("of a pod's, privileged there: either layer stops the packet", async () => {
    expect(await sent("pod", OUT)).toBe(0);
    site.node.shell("ip xfrm policy flush");
    expect(await sent("pod", OUT)).toBe(0);
    site.command("apply");
    site.node.shell("nft delete table inet crosslink");
    expect(await sent("pod", OUT)).toBe(0);
    site.node.shell("ip xfrm policy flush");
    expect(await sent("pod", OUT)).toBe(3);
  });

  it("nobody sets without a privilege", async () => {
    const use = { policies: OUT, sendTo: "10.0.1.5", unprivileged: true };
    expect(await startSocket(site.pod, use).end()).toBe("EPERM");
    expect(await startSocket(site.node, use).end()).toBe("EPERM");
  });

  it("that lets pass is none; one that asks for AH, which hides nothing, is open", async () => {
    const look = async (policies: readonly SocketPolicy[], shown: string) => {
      const program = startSocket(site.node, { policies });
      while (!site.node.exec("ip", "xfrm", "policy").includes(shown))
        await sleep(10);
      const found = site.bypasses();
      const { code } = site.status().answer ?? {};
      await program.end();
      return { found, code };
    };
    const plain = await look([...OUT, ...IN], "socket out");
    expect(plain.found).toEqual([]);
    expect(plain.code).not.toBe(51);
    const bare = await look([{ direction: "out", template: "ah" }], "proto ah");
    expect(bare).toMatchObject({
      found: [
        {
          kind: "policy",
          severity: "open",
          sentence: expect.stringMatching(
            /socket.*lets out in clear text.*10\.0\.1\.0\/24/,
          ) as string,
        },
      ],
      code: 51,
    });
    expect(site.bypasses()).toEqual([]);
  });
});
