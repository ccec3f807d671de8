import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { join } from "node:path";
import type { Cluster } from "../cluster.ts";
import {
  CNITOOL,
  NEWEST,
  placeNewest,
  removeNewest,
} from "../newest-conflist.ts";
import type { Node } from "../node/node.ts";
import type { World } from "../world.ts";
import { OFFICE_HOST } from "../office.ts";

/** The reference client of libcni, each of whose words is a verb of the specification. */
export function cnitool(theWorld: () => World): void {
  describe("cnitool", () => {
    const west = (): Cluster => theWorld().west;
    const node = (): Node => west().nodes[0]!;
    const program = (): string =>
      join(theWorld().ground.programs.get("cnitool") ?? "", "cnitool");
    const call = (verb: string, netns: string, ...words: string[]) =>
      node().run([
        ...["env", ...CNITOOL, program(), verb, NEWEST, `/run/netns/${netns}`],
        ...words,
      ]);

    beforeAll(async () => {
      await placeNewest(
        node(),
        await west().base.podCidr(node(), west().kubectl),
      );
      for (const name of ["kept", "gone"])
        await node().run(["ip", "netns", "add", name]);
    });
    afterAll(async () => {
      for (const name of ["kept", "gone"])
        await node().run(["ip", "netns", "delete", name]);
      await removeNewest(node());
    });

    it("adds, checks and deletes", async () => {
      const added = JSON.parse(await call("add", "kept")) as {
        ips: { address: string }[];
      };
      expect(added.ips[0]?.address).toMatch(/^10\.20\.0\.2\d\d\//);
      expect(await call("check", "kept")).toBe("");
      const ping = ["ping", "-c", "2", "-W", "5", OFFICE_HOST];
      expect(
        await node().run(["ip", "netns", "exec", "kept", ...ping]),
      ).toContain("2 received");
      expect(await call("del", "kept")).toBe("");
      expect(
        await node().run(["ip", "-n", "kept", "-o", "link"]),
      ).not.toContain("eth0");
    });

    it("hears that all is ready", async () => {
      expect(await call("status", "kept")).toBe("");
    });

    it("collects what no attachment of the list has", async () => {
      await call("add", "gone");
      expect(await labels(node())).toContain(`crosslink ${NEWEST} `);
      await call("gc", "gone");
      expect(await labels(node())).not.toContain(`crosslink ${NEWEST} `);
    });
  });
}

function labels(node: Node): Promise<string> {
  return node.run(["ip", "link"]);
}
