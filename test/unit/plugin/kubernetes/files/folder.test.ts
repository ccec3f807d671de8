import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { keepFolder } from "../../../../../plugin/kubernetes/files/folder.ts";
import { revocationList } from "../../../../../plugin/x509/revocation.ts";
import { authorityOfA } from "../certificates/asked.ts";
import { temporaryFolder, writeFiles } from "../../../conf/files.ts";

it("does not write a cluster with an address that a slice of somebody's own cluster has", () => {
  const folder = writeFiles(temporaryFolder(), {
    "own.json": { name: "own", podCIDRs: ["10.0.0.0/16"] },
  });
  mkdirSync(join(folder, "own.d"));
  const node = { name: "n1", ips: ["192.0.2.1"], elasticIP: "198.51.100.1" };
  const slice = { nodes: [{ ...node, ips: ["192.0.2.7"] }] };
  writeFileSync(join(folder, "own.d/1.json"), JSON.stringify(slice));
  const value = {
    ...{ name: "b", podCIDRs: ["10.1.0.0/16"], managedBy: "kubernetes" },
    nodes: [node],
  };
  const keep = (elasticIP: string) =>
    keepFolder({
      folder,
      clusters: new Map([
        ["b", { value: { ...value, nodes: [{ ...node, elasticIP }] } }],
      ]),
      removes: () => false,
    });
  expect(keep("198.51.100.1").troubles.get("b")).toContain(
    '"198.51.100.1" is the elastic address',
  );
  expect(existsSync(join(folder, "b.json"))).toBe(false);
  expect(keep("198.51.100.2")).toMatchObject({ written: ["b"] });
});

it("writes no list of revoked certificates that its cluster's authority has not signed: the last good file stays", () => {
  const folder = temporaryFolder();
  const [authority, another] = [authorityOfA(), authorityOfA()];
  const keep = (by: typeof authority) => {
    const crl = revocationList(by, [{ serial: "40", since: new Date() }], {
      ...{ number: 1, from: new Date(), until: new Date() },
    });
    const value = {
      ...{ name: "b", podCIDRs: ["10.1.0.0/16"], managedBy: "kubernetes" },
      ...{ keying: "ike", ca: authority.certificate, crl },
      nodes: [{ name: "n1", ips: ["192.0.2.1"] }],
    };
    const clusters = new Map([["b", { value }]]);
    return keepFolder({ folder, clusters, removes: () => false });
  };
  expect(keep(authority).written).toEqual(["b"]);
  const before = readFileSync(join(folder, "b.json"), "utf8");
  const kept = keep(another);
  expect(kept.written).toEqual([]);
  expect(kept.troubles.get("b")).toContain("has signed");
  expect(readFileSync(join(folder, "b.json"), "utf8")).toBe(before);
});
