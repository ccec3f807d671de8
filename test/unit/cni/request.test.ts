import { describe, expect, it } from "vitest";
import { parseEnvironment } from "../../../cni/environment.ts";
import { createRequest, type Request } from "../../../cni/request.ts";

function request(command: string, config: Record<string, unknown>): Request {
  const environment = parseEnvironment({
    CNI_COMMAND: command,
    CNI_CONTAINERID: "pod",
    CNI_NETNS: "/run/netns/pod",
    CNI_IFNAME: "eth0",
    CNI_PATH: "/opt/cni/bin",
  });
  return createRequest(environment, { cniVersion: "1.1.0", ...config });
}

const coded = (code: number, message: string): Error =>
  expect.objectContaining({
    code,
    message: expect.stringContaining(message) as string,
  }) as Error;

describe("createRequest()", () => {
  it("joins environment and configuration", () => {
    const config = { name: "net", type: "x", clustersDir: "/c" };
    expect(request("ADD", config)).toEqual({
      command: "ADD",
      containerId: "pod",
      netns: "/run/netns/pod",
      ifname: "eth0",
      args: new Map(),
      path: "/opt/cni/bin",
      version: "1.1.0",
      config: { cniVersion: "1.1.0", ...config },
    });
  });

  it("keeps prevResult both as it came and parsed", () => {
    const prevResult = {
      ips: [{ address: "10.0.0.1/8", extra: [1] }],
      x: null,
    };
    const made = request("ADD", { prevResult });
    expect(made.rawPrevResult).toBe(prevResult);
    expect(made.prevResult?.ips).toEqual([{ address: "10.0.0.1/8" }]);
  });

  it.each(["ADD", "CHECK"])("%s refuses a malformed prevResult", (command) => {
    expect(() => request(command, { prevResult: { ips: 5 } })).toThrow(
      coded(6, "/ips is 5"),
    );
  });

  it("refuses a prevResult that JSON.stringify() could not print again; DEL goes on", () => {
    let x: unknown = {};
    for (let level = 0; level < 200_000; level++) x = [x];
    expect(() => request("ADD", { prevResult: { x } })).toThrow(
      coded(6, "more than 512 levels"),
    );
    const made = request("DEL", { prevResult: { x } });
    expect(made.prevResultError).toEqual(coded(6, "512 levels"));
  });

  it("DEL goes on without a malformed prevResult, and keeps the reason", () => {
    const made = request("DEL", { prevResult: { ips: 5 } });
    expect(made).not.toHaveProperty("prevResult");
    expect(made.prevResultError?.message).toContain("/ips is 5");
  });

  it.each(["ADD", "CHECK", "DEL"])(
    "%s takes null for no prevResult",
    (command) => {
      const made = request(command, { prevResult: null });
      expect(made).not.toHaveProperty("prevResult");
      expect(made).not.toHaveProperty("rawPrevResult");
    },
  );

  it.each(["GC", "STATUS"])("%s ignores a stray prevResult", (command) => {
    const made = request(command, { prevResult: 5 });
    expect(made).not.toHaveProperty("rawPrevResult");
  });
});

describe("createRequest() for GC", () => {
  const list = (config: Record<string, unknown>): unknown =>
    request("GC", config).validAttachments;

  it("tells an absent or null list from an empty one", () => {
    expect(list({})).toBeUndefined();
    expect(list({ "cni.dev/valid-attachments": null })).toBeUndefined();
    expect(list({ "cni.dev/valid-attachments": [] })).toEqual([]);
  });

  it("reads the attachments", () => {
    const entry = { containerID: "a", ifname: "eth0" };
    const written = [{ ...entry, extra: 1 }];
    expect(list({ "cni.dev/valid-attachments": written })).toEqual([entry]);
  });

  it("reads the old key only where the new one is absent", () => {
    const entry = { containerID: "a", ifname: "eth0" };
    expect(list({ "cni.dev/attachments": [entry] })).toEqual([entry]);
    expect(
      list({ "cni.dev/attachments": [entry], "cni.dev/valid-attachments": [] }),
    ).toEqual([]);
    expect(
      list({
        "cni.dev/attachments": [entry],
        "cni.dev/valid-attachments": null,
      }),
    ).toBeUndefined();
  });

  it.each([
    [{}, "/cni.dev~1valid-attachments is an object"],
    [[5], "/cni.dev~1valid-attachments/0 is 5"],
    [[{ ifname: "e" }], "/0/containerID is missing"],
    [[{ containerID: "a" }], "/0/ifname is missing"],
    [[{ containerID: "", ifname: "e" }], '/0/containerID is ""'],
  ])(
    "refuses %j with code 7, rather than delete by half a list",
    (value, message) => {
      expect(() => list({ "cni.dev/valid-attachments": value })).toThrow(
        coded(7, message),
      );
    },
  );

  it("is the only command with a list", () => {
    const made = request("STATUS", { "cni.dev/valid-attachments": [] });
    expect(made).not.toHaveProperty("validAttachments");
  });
});
