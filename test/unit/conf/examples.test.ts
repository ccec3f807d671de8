import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parseCidr } from "../../../ip/cidr.ts";
import { type ClusterSource, loadClusters } from "../../../conf/clusters.ts";
import { loadKeyring } from "../../../conf/keyring.ts";
import { parseNetwork } from "../../../conf/network.ts";
import { Secret } from "../../../conf/secret.ts";
import { desiredMesh } from "../../../plugin/mesh/desired.ts";
import { selectSelf } from "../../../plugin/mesh/self.ts";
import { refusal, temporaryFolder, writeFiles } from "./files.ts";

const examples = fileURLToPath(
  new URL("../../../conf/examples/", import.meta.url),
);
const namesIn = (folder: string): string[] =>
  readdirSync(`${examples}${folder}`);
const read = (path: string): string => readFileSync(examples + path, "utf8");

describe("conflists", () => {
  test("there is one for each base plugin", () => {
    expect(namesIn("conflists")).toEqual(
      ["bridge", "calico", "flannel", "globalrouter", "ptp"].map(
        (name) => `${name}.conflist`,
      ),
    );
  });

  test.each(namesIn("conflists"))("%s ends in crosslink", (file) => {
    const { cniVersion, name, plugins } = JSON.parse(
      read(`conflists/${file}`),
    ) as { cniVersion: string; name: string; plugins: object[] };
    const last = plugins.at(-1);
    expect(plugins.length).toBeGreaterThan(1);
    // What the runtime makes of the entry: the list's name and version, and the result so far.
    const config = { ...last, cniVersion, name, prevResult: {} };
    expect(parseNetwork(config)).toMatchObject({
      type: "crosslink",
      snat: "auto",
    });
  });

  test.each(["calico", "flannel", "globalrouter"])(
    "%s.conflist is in the version that is published: 0.3.1",
    (name) => {
      expect(JSON.parse(read(`conflists/${name}.conflist`)).cniVersion).toBe(
        "0.3.1",
      );
    },
  );
});

const meshes = [
  "two-clouds",
  "gateways",
  "overlapping",
  "office-lan",
  "dual-stack",
];

/** Loads an example as it would be installed: owned by root, whoever checked the repository out. */
function load(mesh: string): readonly ClusterSource[] {
  const files = Object.fromEntries(
    namesIn(mesh).map((file) => [file, read(`${mesh}/${file}`)]),
  );
  return loadClusters(writeFiles(temporaryFolder(), files));
}

describe("cluster files", () => {
  test("every folder of examples is tried here", () => {
    const folders = readdirSync(examples, { withFileTypes: true }).filter(
      (entry) => entry.isDirectory(),
    );
    expect(folders.map(({ name }) => name).sort()).toEqual(
      ["conflists", ...meshes].sort(),
    );
  });

  test.each(meshes)(
    "%s gives every node its state, without a warning",
    (mesh) => {
      const clusters = load(mesh);
      expect(clusters).toHaveLength(namesIn(mesh).length);
      const keyring = {
        kind: "keys" as const,
        active: 1,
        keys: [{ id: 1, secret: new Secret(Buffer.alloc(32, 7)) }],
      };
      for (const { cluster } of clusters.filter(
        (source) => source.cluster.encryption === "esp",
      )) {
        for (const node of cluster.nodes) {
          const self = selectSelf(clusters, {
            node: node.name,
            hostName: "h",
            addresses: [],
          });
          const discovered = cluster.mode === "gateway" ? cluster.podCIDRs : [];
          const localCidrs = (node.podCIDRs ?? discovered).map(parseCidr);
          const desired = desiredMesh({ clusters, self, keyring, localCidrs });
          expect(desired.warnings).toEqual([]);
          expect(desired.exemptions.length).toBeGreaterThan(0);
        }
      }
    },
  );

  test("two-clouds tells p2p, overlapping tells globalCIDRs, office-lan tells a plain network", () => {
    expect(load("two-clouds").map(({ cluster }) => cluster.mode)).toEqual([
      "p2p",
      "p2p",
    ]);
    const [east, west] = load("overlapping");
    expect(east?.cluster.podCIDRs).toEqual(west?.cluster.podCIDRs);
    expect(load("office-lan").map(({ cluster }) => cluster.encryption)).toEqual(
      ["esp", "none"],
    );
    expect(load("dual-stack")[0]?.cluster.podCIDRs).toContain("fd00:64::/48");
    expect(load("gateways").map(({ cluster }) => cluster.mode)).toEqual([
      "p2p",
      "gateway",
      "gateway",
    ]);
  });
});

test("keyring.example.json is refused as it is, with the command that makes a real one", () => {
  const folder = writeFiles(temporaryFolder(), {
    "keyring.json": read("keyring.example.json"),
  });
  expect(refusal(() => loadKeyring(`${folder}/keyring.json`), folder)).toEqual({
    code: 7,
    msg: 'Cannot use keyring "DIR/keyring.json": /keys/0/secret: is not 32 bytes in base64 (44 characters)',
    details: "line 3, column 33; make a keyring with: crosslink keygen",
  });
});

describe("documentation", () => {
  const schema = (name: string): unknown =>
    JSON.parse(
      readFileSync(`${examples}../schema/${name}.schema.json`, "utf8"),
    );
  const readme = readFileSync(`${examples}../README.md`, "utf8");

  /** Every property of a schema and of its parts. */
  function properties(part: unknown): [string, Record<string, unknown>][] {
    if (typeof part !== "object" || part === null) return [];
    const own =
      (part as { properties?: Record<string, Record<string, unknown>> })
        .properties ?? {};
    return [...Object.entries(own), ...Object.values(part).flatMap(properties)];
  }

  test.each(["network", "cluster", "keyring"])(
    "every key of %s is described in the schema and the README",
    (name) => {
      const all = properties(schema(name));
      expect(all.length).toBeGreaterThan(5);
      for (const [key, property] of all) {
        if (!("$ref" in property))
          expect(`${key}: ${property["description"]}`).toMatch(/: .{20}/);
        expect(readme).toContain(`\`${key}\``);
        if ("default" in property) {
          expect(readme).toContain(
            `\`${JSON.stringify(property["default"])}\``,
          );
        }
      }
    },
  );
});
