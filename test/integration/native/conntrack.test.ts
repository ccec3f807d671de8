import { expect, it } from "vitest";
import { AF_INET, AF_INET6, formatAddress } from "../../../native/address.ts";
import { openConntrack } from "../../../native/conntrack/client.ts";
import { IPS_SRC_NAT } from "../../../native/conntrack/constants.ts";
import { binding } from "../../support/binding.ts";
import { namespace } from "../../support/namespace.ts";

it("ConntrackClient reads both families and deletes what it is told, nothing else", () => {
  using ns = namespace();
  const client = openConntrack(binding, { netns: ns.fd });
  ns.shell(`
    conntrack -I -p udp -s 10.1.0.5 -d 10.2.0.6 --sport 1111 --dport 2222 --timeout 100
    conntrack -I -p udp -s 10.1.0.5 -d 10.2.0.6 --sport 1112 --dport 2222 --timeout 100 --src-nat 172.16.0.1
    conntrack -I -p icmp -s 10.1.0.5 -d 10.2.0.6 --icmp-type 8 --icmp-code 0 --icmp-id 77 --timeout 100
    conntrack -I -p 50 -s 10.1.0.5 -d 10.2.0.6 --timeout 100
    conntrack -I -p tcp -s fd00::5 -d fd01::6 --sport 5 --dport 6 --state ESTABLISHED --timeout 100
    conntrack -I -p icmpv6 -s fd00::5 -d fd01::6 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 78 --timeout 100`);
  const ipv4 = client.entries(AF_INET);
  expect(ipv4.map(({ original }) => original.protocol).sort()).toEqual([
    1, 17, 17, 50,
  ]);
  const [translated, ...others] = client.entries(AF_INET, {
    status: IPS_SRC_NAT,
  });
  expect(others).toEqual([]);
  expect(formatAddress(translated!.reply.destination)).toBe("172.16.0.1");

  expect(client.deleteAll([translated!, translated!])).toBe(1);
  expect(ns.exec("conntrack", "-L")).not.toContain("sport=1112");
  expect(
    client.deleteAll([...client.entries(AF_INET), ...client.entries(AF_INET6)]),
  ).toBe(5);
  expect(ns.exec("conntrack", "-L").trim()).toBe("");
  client.close();
});
