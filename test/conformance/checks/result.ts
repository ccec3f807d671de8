import { supportedVersions, resultShape } from "../../../cni/version.ts";
import { isObject } from "../../../cni/configuration.ts";
import type { Json } from "../call.ts";
import type { Check } from "../check.ts";
import type { Setting } from "../setting.ts";
import { expectSuccess, expectThat } from "../verdict.ts";

const CIDR = /^[0-9a-fA-F.:]+\/\d{1,3}$/;
const SUCCESS = '§5 "ADD Success"';

/** ADD's result in every version that the plugin says it speaks, and DEL after it. */
export const resultChecks: readonly Check[] = [
  ...supportedVersions.map((version): Check => ({
    name: `result/${version}`,
    clause: `${SUCCESS} and its predecessor in ${version}`,
    level: "MUST",
    run: (setting) => requireShape(setting, version),
  })),
  {
    name: "result/ipam-is-abbreviated",
    clause: `${SUCCESS}, "Delegated plugins (IPAM)"`,
    level: "MUST",
    kinds: ["ipam"],
    async run(setting) {
      const result = await (await setting.container()).add();
      expectThat(!("interfaces" in result), "the result holds interfaces");
      expectThat(
        list(result, "ips").every((ip) => !("interface" in ip)),
        "an address of the result names an interface",
      );
    },
  },
  {
    name: "result/names-the-interface",
    clause: `${SUCCESS}, interfaces`,
    level: "MUST",
    kinds: ["interface"],
    since: "0.3.0",
    async run(setting) {
      const container = await setting.container();
      const interfaces = list(await container.add(), "interfaces");
      const own = interfaces.find(
        ({ name, sandbox }) =>
          name === setting.subject.ifname && sandbox === container.pod.path,
      );
      expectThat(
        own !== undefined,
        `no interface "${setting.subject.ifname}" with sandbox "${container.pod.path}" in ${JSON.stringify(interfaces)}`,
      );
    },
  },
];

async function requireShape(setting: Setting, version: string): Promise<void> {
  const container = await setting.container(version);
  const result = await container.add();
  // Go's libcni wrote no version into results before 1.0.0
  const said = result["cniVersion"] ?? (isOld(version) ? version : undefined);
  expectThat(
    said === version,
    `cniVersion is ${JSON.stringify(said)}, want "${version}"`,
  );
  if (resultShape(version) === "pair") requirePair(result);
  else requireList(result, resultShape(version) === "tagged");
  expectSuccess(await container.call("DEL"));
}

function isOld(version: string): boolean {
  return resultShape(version) === "pair";
}

function requirePair(result: Json): void {
  expectThat(!("ips" in result), "the result holds ips, new in 0.3.0");
  const families = ["ip4", "ip6"].filter((key) => key in result);
  expectThat(families.length > 0, "the result holds neither ip4 nor ip6");
  for (const family of families) {
    const { ip } = object(result[family], family);
    requireCidr(ip, `${family}.ip`);
  }
}

function requireList(result: Json, tagged: boolean): void {
  expectThat(
    !("ip4" in result || "ip6" in result),
    "ip4 and ip6 ended in 0.2.0",
  );
  const interfaces = list(result, "interfaces");
  for (const [index, { name }] of interfaces.entries()) {
    expectThat(typeof name === "string", `interfaces[${index}] has no name`);
  }
  for (const [index, ip] of list(result, "ips").entries()) {
    requireCidr(ip["address"], `ips[${index}].address`);
    requireIndex(ip["interface"], interfaces.length, `ips[${index}].interface`);
    const version = ip["version"];
    expectThat(
      tagged ? version === "4" || version === "6" : version === undefined,
      `ips[${index}].version is ${JSON.stringify(version)}`,
    );
  }
  for (const [index, { dst }] of list(result, "routes").entries()) {
    requireCidr(dst, `routes[${index}].dst`);
  }
}

function requireCidr(value: unknown, where: string): void {
  expectThat(
    typeof value === "string" && CIDR.test(value),
    `${where} is ${JSON.stringify(value)}, want CIDR notation`,
  );
}

function requireIndex(value: unknown, length: number, where: string): void {
  const index = value ?? 0;
  const good =
    value === undefined ||
    (Number.isInteger(index) && Number(index) >= 0 && Number(index) < length);
  expectThat(good, `${where} is ${JSON.stringify(value)} of ${length}`);
}

function list(result: Json, key: string): Json[] {
  const value = result[key] ?? [];
  expectThat(Array.isArray(value), `${key} is no list`);
  return (value as unknown[]).map((item, index) =>
    object(item, `${key}[${index}]`),
  );
}

function object(value: unknown, where: string): Json {
  expectThat(isObject(value), `${where} is no object`);
  return value as Json;
}
