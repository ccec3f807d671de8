import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AF_INET, AF_INET6 } from "../../../native/address.ts";
import type { SecurityAssociation } from "../../../native/xfrm/sa.ts";
import { encapsulationSockets } from "../../../plugin/agent/encapsulation.ts";
import { farEnds } from "../../../plugin/agent/far-ends.ts";
import {
  encapsulationEnds,
  isHeld,
} from "../../../plugin/node/peers/encapsulation.ts";
import { requireHeld } from "../../../plugin/handlers/status.ts";
import { binding } from "../../support/binding.ts";
import { type Namespace, namespace } from "../../support/namespace.ts";
import { cluster, meshAt, node as entry } from "../../support/mesh/mesh.ts";
import { filesFolder } from "../../support/node-files.ts";
import { association, ip } from "../../support/xfrm/xfrm.ts";

let node: Namespace;

beforeEach(() => {
  node = namespace();
});

afterEach(() => {
  node[Symbol.dispose]();
});

const encapsulation = { sourcePort: 4500, destinationPort: 4500 };
const overIpv4: SecurityAssociation = { ...association, encapsulation };
const overIpv6: SecurityAssociation = {
  ...overIpv4,
  source: ip("2001:db8::1"),
  destination: ip("2001:db8::2"),
};

const ends = {
  ipv4: { family: AF_INET, port: 4500 },
  ipv6: { family: AF_INET6, port: 4500 },
};

/** The UDP ports that are bound, as ss prints them: "0.0.0.0:4500". */
function ports(): string[] {
  return node
    .exec("ss", "-Hlnu")
    .split("\n")
    .filter(Boolean)
    .map((line) => line.trim().split(/\s+/)[3] ?? "")
    .sort();
}

describe("encapsulationSockets()", () => {
  it("holds one socket a family, as long as SAs need it", () => {
    const lines: string[] = [];
    const kernel = { binding, netns: node.fd };
    const sockets = encapsulationSockets(kernel, (_, line) => lines.push(line));
    sockets.keep([association]);
    expect(ports()).toEqual([]);
    sockets.keep([overIpv4, overIpv4, overIpv6]);
    sockets.keep([overIpv4, overIpv6]);
    expect(ports()).toEqual(["0.0.0.0:4500", "[::]:4500"]);
    sockets.keep([overIpv6]);
    expect(ports()).toEqual(["[::]:4500"]);
    sockets.close();
    expect(ports()).toEqual([]);
    expect(lines).toEqual([
      "holds IPv4 UDP port 4500 for ESP in UDP",
      "holds IPv6 UDP port 4500 for ESP in UDP",
    ]);
  });

  it("says once that another program has the port, and takes it when it is free", () => {
    const lines: string[] = [];
    const kernel = { binding, netns: node.fd };
    const other = encapsulationSockets(kernel, () => undefined);
    other.keep([overIpv4]);
    const sockets = encapsulationSockets(kernel, (level) => lines.push(level));
    sockets.keep([overIpv4]);
    sockets.keep([overIpv4]);
    expect(lines).toEqual(["warn"]);
    other.close();
    sockets.keep([overIpv4]);
    expect(lines).toEqual(["warn", "info"]);
    sockets.close();
  });
});

describe("farEnds()", () => {
  it("holds the port that a standby gateway's far ends send to", () => {
    const gateway = { gateway: true, podCIDRs: [] };
    const own = cluster("own", {
      mode: "gateway",
      podCIDRs: ["10.1.0.0/16"],
      nodes: [
        entry("g1", "192.168.1.1", gateway),
        entry("g2", "192.168.1.2", gateway),
      ],
    });
    const far = cluster("far", {
      encap: "udp",
      nodes: [entry("f1", "192.168.2.1", { podCIDRs: ["10.2.1.0/24"] })],
    });
    const folder = filesFolder();
    const ends = farEnds(
      {
        kernel: { binding, netns: node.fd },
        socket: { path: join(folder, "agent.sock") },
        log: () => undefined,
        configuration: () => ({ keyring: join(folder, "keyring.json") }),
        observer: { ike: () => undefined },
      },
      () => undefined,
    );
    ends.keep(meshAt([own], "own/g2"));
    expect(ports()).toEqual([]);
    ends.keep(meshAt([own, far], "own/g2"));
    expect(ports()).toEqual(["0.0.0.0:4500"]);
    ends.close();
    expect(ports()).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});

describe("isHeld()", () => {
  it("tells whether somebody has the port of a family, and lets go of it", () => {
    const kernel = { binding, netns: node.fd };
    const sockets = encapsulationSockets(kernel, () => undefined);
    expect(isHeld(kernel, ends.ipv4)).toBe(false);
    expect(ports()).toEqual([]);
    sockets.keep([overIpv4]);
    expect(isHeld(kernel, ends.ipv4)).toBe(true);
    expect(isHeld(kernel, ends.ipv6)).toBe(false);
    sockets.close();
  });
});

describe("encapsulationEnds()", () => {
  it("names each end once", () => {
    expect(
      encapsulationEnds([association, overIpv6, overIpv4, overIpv6]),
    ).toEqual([ends.ipv6, ends.ipv4]);
  });
});

describe("STATUS", () => {
  it("says 50 with the reason where nobody holds the port", () => {
    const kernel = { binding, netns: node.fd };
    expect(() => {
      requireHeld(kernel, ends.ipv4);
    }).toThrow(
      expect.objectContaining({
        code: 50,
        message:
          "Cannot receive ESP in UDP: nobody holds IPv4 UDP port 4500 on this node",
        details: expect.stringContaining("crosslink agent") as string,
      }) as Error,
    );
  });
});
