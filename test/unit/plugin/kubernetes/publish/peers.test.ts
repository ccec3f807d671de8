import { describe, expect, it } from "vitest";
import { asCluster } from "../../../../../plugin/kubernetes/kinds.ts";
import { PATHS } from "../../../../../plugin/kubernetes/names.ts";
import { followPeers } from "../../../../../plugin/kubernetes/publish/peers.ts";
import { fakeCollections } from "../../../../support/kubernetes/collections.ts";
import { json } from "../../../../support/kubernetes/fake-api.ts";
import { until } from "../../../../support/until.ts";

const QUICK = {
  watchMs: 240_000,
  silenceMs: 60_000,
  relistMs: 600_000,
  pauseMs: 5,
  longestPauseMs: 20,
};
const slice = (number: number) => ({
  metadata: { name: `b-${number}` },
  spec: {
    cluster: "b",
    nodes: [
      {
        name: `n${number}`,
        ips: [`192.0.2.${number}`],
        podCIDRs: [`10.2.${number}.0/24`],
      },
    ],
  },
});

/** Peers of cluster a: b, whose API server has a slice. */
async function site() {
  const fake = await fakeCollections();
  fake.put(PATHS.clusters, { metadata: { name: "b" }, spec: { local: true } });
  fake.put(PATHS.slices, slice(1));
  const lines: string[] = [];
  const token = Buffer.from("t").toString("base64");
  const peers = followPeers({
    secret: (name) => ({ metadata: { name }, data: { token } }) as never,
    log: (_, line) => lines.push(line),
    onChange: () => undefined,
    timing: QUICK,
  });
  const peer = (...allowedCIDRs: string[]) =>
    asCluster({
      metadata: { name: "b" },
      spec: { peer: { server: fake.api.access.server, allowedCIDRs } },
    } as never);
  peers.keep([peer("10.2.0.0/16")], "a");
  const becomes = (reason: string, one = peer("10.2.0.0/16")) =>
    until(() => peers.view(one).verdict.reason === reason, {
      describe: () => JSON.stringify([peers.view(one), lines]),
    });
  return {
    ...{ fake, peers, peer, becomes },
    [Symbol.asyncDispose]: async () => {
      peers.stop();
      await fake[Symbol.asyncDispose]();
    },
  };
}

describe("followPeers()", () => {
  it("reads what a peer claims again where it, or what it may claim, has changed, and not else", async () => {
    await using s = await site();
    const within = s.peer("10.2.0.0/16");
    await s.becomes("Read");
    const { claimed } = s.peers.view(within);
    expect(claimed?.nodes).toHaveLength(1);
    expect(s.peers.view(s.peer("10.2.0.0/16")).claimed).toBe(claimed);
    expect(s.peers.view(s.peer("10.3.0.0/16")).verdict.reason).toBe(
      "RefusedNetworks",
    );
    s.fake.put(PATHS.slices, slice(2));
    await until(() => s.peers.view(within).claimed?.nodes.length === 2);
    s.fake.remove(PATHS.slices, "b-1");
    await until(() => s.peers.view(within).claimed?.nodes.length === 1);
    expect(s.peers.view(within).claimed?.nodes[0]?.name).toBe("n2");
  });

  it("tells a token that is refused from an API server that is not there", async () => {
    await using s = await site();
    await s.becomes("Read");
    for (const [status, reason] of [
      [401, "TokenRefused"],
      [403, "TokenRefused"],
      [503, "Unreachable"],
    ] as const) {
      s.fake.answerWith(json({}, { status }));
      await s.becomes(reason);
      s.fake.answerWith(undefined);
      await s.becomes("Read");
    }
  });
});
