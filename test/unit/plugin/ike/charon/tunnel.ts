import { parseCidr } from "../../../../../ip/cidr.ts";
import { Secret } from "../../../../../conf/secret.ts";
import type { IkeTunnel } from "../../../../../plugin/mesh/state.ts";

/** A tunnel by IKE, with what a test wants of it. */
export function tunnel(rest: Partial<IkeTunnel> = {}): IkeTunnel {
  return {
    cluster: "b",
    node: "two",
    local: Uint8Array.of(172, 17, 0, 2),
    remote: Uint8Array.of(203, 0, 113, 2),
    localId: "one.a",
    remoteId: "two.b",
    reqid: 0x434c1234,
    localCidrs: [parseCidr("10.0.0.0/24")],
    remoteCidrs: [parseCidr("10.0.1.0/24")],
    inUdp: false,
    secrets: [
      { keyId: 2, psk: new Secret(Buffer.from("the second secret")) },
      { keyId: 1, psk: new Secret(Buffer.from("the first secret")) },
    ],
    ...rest,
  };
}
