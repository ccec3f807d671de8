import fc from "fast-check";
import type { Result } from "../../cni/result.ts";

const octet = fc.nat(255);
const ipv4 = fc.tuple(octet, octet, octet, octet).map((o) => o.join("."));
const ipv6 = fc
  .array(fc.integer({ min: 1, max: 0xffff }), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.map((group) => group.toString(16)).join(":"));
const cidr = fc.oneof(
  fc.tuple(ipv4, fc.integer({ min: 1, max: 32 })),
  fc.tuple(ipv6, fc.integer({ min: 1, max: 128 })),
);
const cidrText = cidr.map(([address, length]) => `${address}/${length}`);
const address = fc.oneof(ipv4, ipv6);
const word = fc.stringMatching(/^[a-z0-9.-]{1,12}$/);
const number = fc.integer({ min: 1, max: 0xffff });
const words = fc.array(word, { minLength: 1, maxLength: 3 });

/** Optional keys are absent, never undefined. */
function fields<Value>(
  required: { [Key in keyof Value]?: fc.Arbitrary<Value[Key]> },
  optional: Record<string, fc.Arbitrary<unknown>>,
): fc.Arbitrary<Value> {
  return fc.record(
    { ...required, ...optional },
    { requiredKeys: Object.keys(required) as never[] },
  ) as fc.Arbitrary<Value>;
}

/** Results with every field of version 1.1.0, in every combination. */
export const results: fc.Arbitrary<Result> = fc.record({
  cniVersion: fc.constant("1.1.0"),
  interfaces: fc.array(
    fields<Result["interfaces"][number]>(
      { name: word },
      { mac: word, sandbox: word, mtu: number, socketPath: word, pciID: word },
    ),
    { maxLength: 3 },
  ),
  ips: fc.array(
    fields<Result["ips"][number]>(
      { address: cidrText },
      { gateway: address, interface: fc.nat(3) },
    ),
    { maxLength: 4 },
  ),
  routes: fc.array(
    fields<Result["routes"][number]>(
      { dst: cidrText },
      {
        gw: address,
        mtu: number,
        advmss: number,
        priority: number,
        table: number,
        scope: number,
      },
    ),
    { maxLength: 3 },
  ),
  dns: fields<Result["dns"]>(
    {},
    { nameservers: words, domain: word, search: words, options: words },
  ),
});
