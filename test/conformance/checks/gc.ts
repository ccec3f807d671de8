import { type Check, since } from "../check.ts";
import {
  Skipped,
  expectError,
  expectSilence,
  expectSuccess,
} from "../verdict.ts";
import type { Container, Setting } from "../setting.ts";

const GC = '§2 "GC"';
const KEY = "cni.dev/valid-attachments";

/** GC frees what the runtime no longer knows, and nothing else. */
export const gcChecks: readonly Check[] = since("1.1.0", [
  harmless("absent-list", undefined),
  harmless("null-list", null),
  {
    name: "gc/all-valid-keeps-all",
    clause: GC,
    level: "MUST",
    async run(setting) {
      const containers = [await alive(setting), await alive(setting)];
      await collect(containers[0]!, containers);
      for (const container of containers) await stillThere(container);
    },
  },
  {
    name: "gc/partial-list-keeps-the-listed",
    clause: GC,
    level: "MUST",
    async run(setting) {
      const [valid, stale] = [await alive(setting), await alive(setting)];
      await collect(valid, [valid]);
      await stillThere(valid);
      expectSuccess(await stale.call("DEL"));
    },
  },
  {
    name: "gc/frees-addresses-that-are-not-listed",
    clause: `${GC}: IPAM reservations`,
    level: "SHOULD",
    kinds: ["ipam"],
    async run(setting) {
      const [valid, stale] = [await alive(setting), await alive(setting)];
      await collect(valid, [valid]);
      expectError(await stale.call("CHECK"));
    },
  },
  {
    name: "gc/empty-list-frees-everything",
    clause: `${GC}: IPAM reservations`,
    level: "SHOULD",
    kinds: ["ipam"],
    async run(setting) {
      const stale = await alive(setting);
      await collect(stale, []);
      expectError(await stale.call("CHECK"));
    },
  },
  {
    name: "gc/empty-list-succeeds",
    clause: GC,
    level: "MUST",
    async run(setting) {
      const stale = await alive(setting);
      await collect(stale, []);
      expectSuccess(await stale.call("DEL"));
    },
  },
  {
    name: "gc/leaves-other-networks-alone",
    clause: `${GC}: the attachments of a network`,
    level: "MUST",
    async run(setting) {
      const container = await alive(setting);
      const config = { [KEY]: [], name: `${setting.network}-other` };
      expectSilence(await container.call("GC", { config }));
      await stillThere(container);
    },
  },
  {
    name: "gc/without-any-attachment",
    clause: GC,
    level: "MUST",
    async run(setting) {
      const container = await setting.container();
      await collect(container, []);
    },
  },
  {
    name: "gc/refuses-older-versions",
    clause: '§2 of 1.0.0, which has no GC; §5 "Error" code 1',
    level: "SHOULD",
    run: (setting) => refusedIn(setting, "GC"),
  },
]);

/** Fails a configuration of 1.0.0, which knows neither GC nor STATUS. */
export async function refusedIn(
  setting: Setting,
  command: "GC" | "STATUS",
): Promise<void> {
  if (!setting.versions.subject.includes("1.0.0")) {
    throw new Skipped("the plugin does not support 1.0.0");
  }
  const container = await setting.container("1.0.0");
  expectError(await container.call(command), 1);
}

function harmless(name: string, list: null | undefined): Check {
  return {
    name: `gc/${name}-keeps-all`,
    clause: `${GC}; libcni without a list`,
    level: "MUST",
    async run(setting) {
      const container = await alive(setting);
      expectSilence(await container.call("GC", { config: { [KEY]: list } }));
      await stillThere(container);
    },
  };
}

async function alive(setting: Setting): Promise<Container> {
  const container = await setting.container();
  await container.add();
  return container;
}

async function collect(
  caller: Container,
  valid: readonly Container[],
): Promise<void> {
  const ifname = caller.ifname;
  const list = valid.map(({ id }) => ({ containerID: id, ifname }));
  expectSilence(await caller.call("GC", { config: { [KEY]: list } }));
}

async function stillThere(container: Container): Promise<void> {
  expectSuccess(await container.call("CHECK"));
}
