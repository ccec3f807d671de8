import { describe, expect, it } from "vitest";
import { formatAddress } from "../../../../native/address.ts";
import {
  parseIpvsServers,
  readIpvsServers,
} from "../../../../plugin/bypass/ipvs-table.ts";

const HEAD = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
`;

describe("parseIpvsServers()", () => {
  it("reads the servers of both families", () => {
    const text = `${HEAD}TCP  0A600001:01BB rr
  -> AC120002:192B      Masq    1      0          0
  -> 0A000105:0050      Masq    1      3          0
UDP  [fd00:0010:0096:0000:0000:0000:0000:000a]:0035 rr
  -> [fd00:0010:0244:0000:0000:0000:0000:0002]:0035      Masq    1      0          0
FWM  00000001 rr persistent 300
`;
    expect(parseIpvsServers(text)?.map(formatAddress)).toEqual([
      "172.18.0.2",
      "10.0.1.5",
      "fd00:10:244::2",
    ]);
  });

  it("is undefined where there is no service, or no IPVS", () => {
    expect(parseIpvsServers(HEAD)).toBeUndefined();
    expect(readIpvsServers("/nowhere/ip_vs")).toBeUndefined();
  });
});
