import { join } from "node:path";
import { describe } from "vitest";
import { scenesMissing } from "../support/kernel.ts";
import { play } from "../support/play.ts";

const missing = scenesMissing();

const overlapping = [
  "pods of one address reach each other, and each sees the other's global one",
  "what passed between the locations was ESP where there is some, and else was seen",
  "teardown ends the translation",
] as const;

/** Scene by scene, each named after its folder in conf/examples: what it must find where ESP is. */
const encrypted = {
  gateways: [
    "p2p and gateway",
    "p2p and a leaf on the gateway's link",
    "p2p and a leaf behind a router",
    "gateway and gateway, leaf to leaf",
    "the third side of the mesh",
    "a leaf's source address is kept",
    "a leaf's peers are its gateways",
    "a gateway without a leg's SA or policy drops what goes there",
    "a service of another cluster answers once its gateway serves it",
    "packets for a pod that is not there reach its node, and end there",
    "a node's own packets to remote pods are blocked",
    "a standby gateway and all its far ends have SAs for each other",
    "what comes by an SA that stands by is decrypted, and passes nothing",
    "a standby gateway takes over from a dead one",
    "a move makes no SA, and takes none away",
    "the second gateway, with a leaf behind a router",
    "the second gateway, with the first one as a leaf",
    "nothing left a location in clear text",
    "the capture sees clear text where there is some",
    "nothing passed between a cluster's nodes in clear text",
    "nobody inside of the cluster's network writes into the mesh",
  ],
  "dual-stack": [
    "IPv4 over IPv4",
    "IPv6 over IPv6",
    "IPv6 over IPv4",
    "IPv6 over IPv4, the third side",
    "ipFamily is honoured: no tunnel for the other family",
    "NDP proxy: a pod's router that is nowhere is answered for",
    "status shows what the device leaves as long as the path is unknown",
    "10 MB over TCP pass a narrow link, IPv4",
    "10 MB over TCP pass a narrow link, IPv6",
    "a UDP datagram that is too big comes back as EMSGSIZE",
    "an IPv6 packet that is too big is answered with the size that fits",
    "status shows what the path leaves once it is known",
    "nothing left a location in clear text, and each family had its tunnel",
  ],
  overlapping,
  "two-clouds": [
    "a far pod answers",
    "a pod hears that its packet's time to live ended at the far node",
    "a pod hears of a narrow link behind the far node",
  ],
} as const;

/** And what on this machine's own kernel. */
const plain = {
  "office-lan": [
    "toward a plain network there is no xfrm",
    "routes speaks ip route, Cisco and MikroTik",
    "the office reaches pods once its router has run those lines",
    "the office sees the pod's own address",
    "everybody else sees the node's address, as before",
    "teardown takes route and exemption along",
  ],
  overlapping,
} as const;

describe.each(Object.entries(encrypted))(
  `conf/examples/%s, ${missing ?? "with real ESP"}`,
  (scene, names) => {
    play(sceneOf(scene), names, { missing });
  },
);

describe.each(Object.entries(plain))(
  "conf/examples/%s, without ESP",
  (scene, names) => {
    play(sceneOf(scene), names, { missing: undefined, withoutEsp: true });
  },
);

function sceneOf(name: string): string {
  return join(import.meta.dirname, `${name}.scene.ts`);
}
