import { parseResult } from "../../../cni/result.ts";
import type { Check } from "../check.ts";
import { expectResult, expectSuccess, expectThat } from "../verdict.ts";
import type { Container, Setting } from "../setting.ts";

const LIFECYCLE = '§3 "Lifecycle & Ordering": executed concurrently';
const COUNT = 8;

/** Runtimes start many containers at once. */
export const parallelChecks: readonly Check[] = [
  {
    name: "parallel/add-and-del",
    clause: LIFECYCLE,
    level: "MUST",
    async run(setting) {
      const containers = await several(setting);
      await Promise.all(containers.map((container) => container.add()));
      const answers = await Promise.all(
        containers.map((container) => container.call("DEL")),
      );
      answers.forEach(expectSuccess);
    },
  },
  {
    name: "parallel/no-address-twice",
    clause: `${LIFECYCLE}, IPAM databases`,
    level: "MUST",
    kinds: ["interface", "ipam"],
    async run(setting) {
      const containers = await several(setting);
      const results = await Promise.all(
        containers.map((container) => container.add()),
      );
      const addresses = results.flatMap((result) =>
        parseResult(result, setting.version).ips.map(({ address }) => address),
      );
      const double = addresses.filter(
        (address, index) => addresses.indexOf(address) !== index,
      );
      expectThat(double.length === 0, `given twice: ${double.join(", ")}`);
    },
  },
  {
    name: "parallel/add-while-others-are-deleted",
    clause: LIFECYCLE,
    level: "MUST",
    async run(setting) {
      const [leaving, coming] = [
        await several(setting),
        await several(setting),
      ];
      for (const container of leaving) await container.add();
      const calls = [
        ...leaving.map((container) => container.call("DEL")),
        ...coming.map((container) => container.call("ADD")),
      ];
      const answers = await Promise.all(calls);
      answers.slice(0, leaving.length).forEach(expectSuccess);
      answers.slice(leaving.length).forEach(expectResult);
    },
  },
];

/** One after the other: the base plugins are not under test. */
async function several(setting: Setting): Promise<Container[]> {
  const containers: Container[] = [];
  while (containers.length < COUNT) containers.push(await setting.container());
  return containers;
}
