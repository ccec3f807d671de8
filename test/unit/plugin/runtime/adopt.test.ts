import { describe, expect, it } from "vitest";
import { missedAdd } from "../../../../plugin/runtime/adopt.ts";

/** As containerd prints it (internal/cri/server/sandbox_status.go), less what nobody reads here. */
const info = (told: object = {}) =>
  JSON.stringify({
    runtimeSpec: {
      linux: {
        namespaces: [
          { type: "pid" },
          { type: "network", path: "/var/run/netns/cni-1" },
        ],
      },
    },
    cniResult: {
      Interfaces: {
        cali0ef: { IPConfigs: null, Mac: "ee:ee:ee:ee:ee:ee", Sandbox: "" },
        eth0: {
          IPConfigs: [
            { IP: "10.20.0.7", Gateway: "" },
            { IP: "fd00::7", Gateway: "" },
          ],
          Mac: "02:00:00:00:00:07",
          Sandbox: "/var/run/netns/cni-1",
        },
        lo: {
          IPConfigs: [{ IP: "127.0.0.1", Gateway: "" }],
          Mac: "",
          Sandbox: "/var/run/netns/cni-1",
        },
      },
    },
    ...told,
  });

describe("missedAdd()", () => {
  it("is the ADD that the sandbox would have had", () => {
    const request = missedAdd({ id: "abc", info: info() }, "pods");
    expect(request).toMatchObject({
      command: "ADD",
      containerId: "abc",
      ifname: "eth0",
      netns: "/var/run/netns/cni-1",
      config: { name: "pods" },
    });
    const [host, pod] = request?.prevResult?.interfaces ?? [];
    expect(host).toMatchObject({ name: "cali0ef" });
    expect(pod).toMatchObject({
      name: "eth0",
      sandbox: "/var/run/netns/cni-1",
    });
    expect(request?.prevResult?.ips).toHaveLength(2);
  });

  it.each([
    [
      "a pod on the host's network",
      info({ runtimeSpec: { linux: { namespaces: [{ type: "network" }] } } }),
    ],
    ["a sandbox without a result of CNI", info({ cniResult: null })],
    ["another runtime's words", '{"sandboxID": "abc"}'],
    ["no object", "[]"],
  ])("is nothing for %s", (_, told) => {
    expect(missedAdd({ id: "abc", info: told }, "pods")).toBeUndefined();
  });
});
