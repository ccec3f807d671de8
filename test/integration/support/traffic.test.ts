import { describe, expect, it } from "vitest";
import { capture } from "../../e2e/support/capture.ts";
import { keepSending } from "../../e2e/support/datagrams.ts";
import { keepPinging } from "../../e2e/support/ping.ts";
import { connect, namespace, type Namespace } from "../../support/namespace.ts";

/** The near one gets 10.9.9.1 and knows the way to the far one's 10.9.9.2. */
function join(near: Namespace, far: Namespace): void {
  connect(near, "near0", far, "far0");
  near.shell("ip addr add 10.9.9.1/24 dev near0");
  far.shell("ip addr add 10.9.9.2/24 dev far0");
}

describe("what scenes count packets with", () => {
  it("holds what passed until the recording was stopped", async () => {
    using near = namespace();
    using far = namespace();
    join(near, far);
    const recorder = await capture(far, "far0");
    near.exec("ping", "-q", "-c", "3", "-i", "0.01", "10.9.9.2");
    using recording = await recorder.stop();
    expect(recording.count("icmp[icmptype] == icmp-echo")).toBe(3);
  });

  it("comes to an end where the kernel counts each packet twice", async () => {
    using alone = namespace();
    const recorder = await capture(alone, "lo");
    alone.exec("ping", "-q", "-c", "3", "-i", "0.01", "127.0.0.1");
    using recording = await recorder.stop();
    expect(recording.count("icmp[icmptype] == icmp-echo")).toBe(3);
  });

  it("waits for as many packets as it is asked for, answered or not", async () => {
    using near = namespace();
    using far = namespace();
    join(near, far);
    // Somebody is there whom nobody sees.
    near.shell("ip neigh add 10.9.9.3 lladdr 02:00:00:00:00:01 dev near0");
    const recorder = await capture(far, "far0");
    const sending = [
      keepPinging(near, "10.9.9.2"),
      keepPinging(near, "10.9.9.3"),
      keepSending(near, ["10.9.9.2", "10.9.9.3"]),
    ];
    await Promise.all(sending.map((each) => each.more(2)));
    near.shell("ip route add 10.9.9.2 via 10.9.9.3 dev near0");
    near.shell("ip route add 10.9.9.3 via 10.9.9.2 dev near0");
    await Promise.all(sending.map((each) => each.more(5)));
    await Promise.all(sending.map((each) => each.stop()));
    using recording = await recorder.stop();
    const there = recording.count(
      "udp dst port 9 and dst 10.9.9.3 and not ether dst 02:00:00:00:00:01",
    );
    const away = recording.count(
      "icmp and dst 10.9.9.2 and ether dst 02:00:00:00:00:01",
    );
    expect(there).toBeGreaterThanOrEqual(5);
    expect(away).toBeGreaterThanOrEqual(5);
  });
});
