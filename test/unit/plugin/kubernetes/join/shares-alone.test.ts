import { describe, expect, it } from "vitest";
import { asCluster } from "../../../../../plugin/kubernetes/kinds.ts";
import { sharesAlone } from "../../../../../plugin/kubernetes/join/preflight.ts";

const cluster = (spec: object, discovered: object = {}) =>
  asCluster({ metadata: { name: "a" }, ...{ spec, status: { discovered } } });

describe("a warning of a cluster whose pods' whole networks nobody has said", () => {
  it("says what others allow, and what to type", () => {
    const said = sharesAlone(cluster({ local: true }), ["10.10.0.0/24"]);
    expect(said).toContain('"a" 10.10.0.0/24 alone');
    expect(said).toContain(
      `kubectl patch cluster a --type merge -p '{"spec": {"podCIDRs": ["CIDR"]}}'`,
    );
  });

  it("stays short where there are many shares, and makes sense where there is none", () => {
    const many = Array.from({ length: 200 }, (_, n) => `10.10.${n}.0/24`);
    const said = sharesAlone(cluster({}), many);
    expect(said).toContain("10.10.0.0/24, 10.10.1.0/24, 10.10.2.0/24, … alone");
    expect(sharesAlone(cluster({}), [])).toContain('"a" no network, and');
  });

  it("is none where the admin said them, or Calico's pools did", () => {
    const networks = { podCIDRs: ["10.10.0.0/16"] };
    expect(sharesAlone(cluster(networks), ["10.10.0.0/16"])).toBeUndefined();
    expect(
      sharesAlone(cluster({}, networks), ["10.10.0.0/16"]),
    ).toBeUndefined();
  });
});
