import { parseAddress } from "../../../ip/cidr.ts";
import type { IpPrefix } from "../../../native/address.ts";
import { Key } from "../../../native/xfrm/key.ts";
import type { SecurityAssociation } from "../../../native/xfrm/sa.ts";
import type { SecurityPolicy, Template } from "../../../native/xfrm/sp.ts";

/** The bytes of an address. */
export function ip(text: string): Uint8Array {
  return parseAddress(text).bytes;
}

/** "10.0.0.0/24" as a prefix. */
export function prefix(text: string): IpPrefix {
  const [address = "", length] = text.split("/");
  return { address: ip(address), length: Number(length) };
}

/** Bytes 0, 1, 2 …: a GCM key and salt of 20 or 36 bytes, no two alike. */
export function countingKey(length: number): Key {
  return new Key(Uint8Array.from({ length }, (_, index) => index));
}

/** The SA of test/golden/xfrm/state-add-v4.txt, which the other captures vary. */
export const association: SecurityAssociation = {
  source: ip("172.17.1.2"),
  destination: ip("203.0.113.2"),
  spi: 0x010000ba,
  reqid: 0x434c0102,
  mode: "tunnel",
  replayWindow: 0,
  aead: {
    algorithm: "rfc4106(gcm(aes))",
    key: countingKey(20),
    icvBits: 128,
  },
};

/** The template of test/golden/xfrm/policy-add-out.txt. */
export const template: Template = {
  source: ip("172.17.1.2"),
  destination: ip("203.0.113.2"),
  reqid: 0x434c0102,
  mode: "tunnel",
};

/** The policy of test/golden/xfrm/policy-add-out.txt, which the other captures vary. */
export const policy: SecurityPolicy = {
  selector: {
    source: prefix("10.0.0.0/24"),
    destination: prefix("10.0.1.0/25"),
  },
  direction: "out",
  action: "allow",
  priority: 17200,
  templates: [template],
};
