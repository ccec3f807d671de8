import { rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { namesIn } from "../../../../conf/folder-names.ts";
import type { DesiredMesh } from "../../../../plugin/mesh/state.ts";
import {
  lastingReader,
  type MeshReader,
  meshReader,
} from "../../../../plugin/node/reader.ts";
import { cidrs, selfAt } from "../../../support/mesh/mesh.ts";
import { temporaryFolder, writeFiles } from "../../conf/files.ts";

/** What is written of a remote cluster. */
interface Remote {
  /** A node each: whether it has an elastic address. */
  readonly elastic: readonly boolean[];
  readonly encryption: "esp" | "none";
}

/** What a node follows from: a remote that is undefined has no file. */
interface World {
  readonly remotes: readonly (Remote | undefined)[];
  readonly active: number;
  readonly localCidr: string;
}

const remote: fc.Arbitrary<Remote | undefined> = fc.option(
  fc.record({
    elastic: fc.array(fc.boolean(), { maxLength: 3 }),
    encryption: fc.constantFrom("esp", "none"),
  }),
  { nil: undefined },
);

const world: fc.Arbitrary<World> = fc.record({
  remotes: fc.tuple(remote, remote),
  active: fc.constantFrom(1, 2),
  localCidr: fc.constantFrom("10.0.0.0/25", "10.0.0.128/25"),
});

it("meshReader() gives what a new one gives, whatever has changed since its last look", () => {
  fc.assert(
    fc.property(fc.array(world, { minLength: 1, maxLength: 8 }), (worlds) => {
      const lasting = lastingReader();
      const place = { clusters: temporaryFolder(), keyring: temporaryFolder() };
      for (const one of worlds) {
        write(place, one);
        const mesh = look(lasting, place, one);
        expect(mesh).toEqual(look(meshReader(), place, one));
        expect(look(lasting, place, one)).toBe(mesh);
      }
    }),
  );
});

/** Folders. */
interface Place {
  readonly clusters: string;
  readonly keyring: string;
}

function look(
  { clusters, keyring, mesh }: MeshReader,
  place: Place,
  { localCidr }: World,
): DesiredMesh {
  const sources = clusters(namesIn(place.clusters));
  return mesh({
    clusters: sources,
    self: selfAt(sources, "own/n1"),
    keyring: keyring(join(place.keyring, "keyring.json")),
    localCidrs: cidrs([localCidr]),
  });
}

function write(place: Place, { remotes, active }: World): void {
  const keys = [1, 2].map((id) => ({ id, secret: secretOf(id) }));
  writeFiles(place.keyring, { "keyring.json": { active, keys } });
  writeFiles(place.clusters, { "own.json": own });
  for (const [index, one] of remotes.entries()) {
    const name = `remote${index}`;
    if (one === undefined)
      rmSync(join(place.clusters, `${name}.json`), { force: true });
    else
      writeFiles(place.clusters, {
        [`${name}.json`]: remoteFile(name, index + 1, one),
      });
  }
}

const own = {
  name: "own",
  podCIDRs: ["10.0.0.0/24"],
  nodes: [{ name: "n1", ips: ["192.0.2.1"], elasticIP: "203.0.113.1" }],
};

function remoteFile(
  name: string,
  octet: number,
  { elastic, encryption }: Remote,
): object {
  return {
    name,
    encryption,
    podCIDRs: [`10.${octet}.0.0/16`],
    nodes: elastic.map((isElastic, index) => ({
      name: `n${index}`,
      ips: [`192.0.${octet}0.${index + 1}`],
      podCIDRs: [`10.${octet}.${index}.0/24`],
      ...(isElastic ? { elasticIP: `198.51.${octet}.${index + 1}` } : {}),
    })),
  };
}

function secretOf(id: number): string {
  return Buffer.alloc(32, id).toString("base64");
}
