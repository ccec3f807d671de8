import { CniError, ErrorCode } from "../../../cni/error.ts";
import type { StaticKeyring } from "../../../conf/keyring.ts";
import {
  Key,
  type SecurityAssociation,
  XFRM_STATE_AF_UNSPEC,
  XFRM_STATE_ICMP,
} from "../../../native/index.ts";
import type { Tunnel } from "../tunnels.ts";
import {
  GCM,
  inboundFields,
  type KeyedTunnel,
  outboundFields,
} from "./keyed-tunnel.ts";
import { nameAfter, type SaSeries } from "./series.ts";

/**
 * One key and SPI for all. The kernel can hold only one inbound SA with this SPI at this node's address, and
 * its source is what decrypted packets are checked against; where several peers send to the address it is
 * therefore "any" (all zeros), in the SA and in the templates (xfrm_state_ok, include/net/xfrm.h). That gives
 * nothing away: who has the one key can send as any of them in any case.
 *
 * @throws CniError 7 where only some of the peers at one address use UDP
 */
export function keyWithStatic(
  tunnels: readonly Tunnel[],
  keyring: StaticKeyring,
): KeyedTunnel[] {
  return ([4, 6] as const).flatMap((family) => {
    const [first, ...others] = tunnels.filter(
      (tunnel) => tunnel.family === family,
    );
    return first === undefined ? [] : keySharing([first, ...others], keyring);
  });
}

/** Tunnels that end at one address of this node: they share the inbound SA. */
function keySharing(
  sharing: readonly [Tunnel, ...Tunnel[]],
  keyring: StaticKeyring,
): KeyedTunnel[] {
  requireOneEncapsulation(sharing);
  const [first] = sharing;
  const { spi, reqid } = keyring;
  const aead = { ...GCM, key: new Key(keyring.key.bytes()) };
  const source =
    sharing.length > 1 ? new Uint8Array(first.remote.length) : first.remote;
  const inbound = onlyOne({
    ...inboundFields(first, source),
    spi,
    reqid,
    aead,
    flags: familiesOf(sharing) | XFRM_STATE_ICMP,
  });
  return sharing.map((tunnel) => ({
    ...tunnel,
    reqid,
    inboundSource: source,
    outbound: onlyOne({
      ...outboundFields(tunnel),
      spi,
      reqid,
      aead,
      // The far end sets its own SAs up; ICMP's flag means nothing to what only sends.
      ...(tunnel.mixed ? { flags: familiesOf([tunnel]) } : {}),
    }),
    inbound: [inbound],
  }));
}

/** Without the flag the SA is for packets of the tunnel's own family (copy_from_user_state, net/xfrm/xfrm_user.c). */
function familiesOf(tunnels: readonly Tunnel[]): number {
  return tunnels.some(({ mixed }) => mixed) ? XFRM_STATE_AF_UNSPEC : 0;
}

/** The kernel drops what comes to an SA in the other encapsulation (xfrm_input, net/xfrm/xfrm_input.c). */
function requireOneEncapsulation(
  sharing: readonly [Tunnel, ...Tunnel[]],
): void {
  const [first] = sharing;
  const other = sharing.find(({ inUdp }) => inUdp !== first.inUdp);
  if (other === undefined) return;
  const [udp, esp] = first.inUdp ? [first, other] : [other, first];
  const name = ({ peer }: Tunnel): string =>
    `cluster "${peer.source.cluster.name}"`;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot use one static key for ${name(udp)} in UDP and ${name(esp)} without`,
    {
      details: `${udp.peer.source.file} and ${esp.peer.source.file}: /encap. Give both the same "encap", or use "keys" in the keyring`,
    },
  );
}

/** A static key has no other generations. */
function onlyOne(sa: SecurityAssociation): SaSeries {
  const { source, destination, spi, aead } = sa;
  return {
    destination,
    spis: [spi],
    spiAt: () => spi,
    at: () => sa,
    name: () =>
      nameAfter(
        [source, destination, aead.key.bytes()].reduce(
          (text, bytes) => `${text} ${Buffer.from(bytes).toString("hex")}`,
          `static ${String(spi)}`,
        ),
      ),
  };
}
