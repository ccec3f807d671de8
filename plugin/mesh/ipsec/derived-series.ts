import type { KeyObject } from "node:crypto";
import {
  type Aead,
  type Key,
  type SecurityAssociation,
  XFRM_STATE_AF_UNSPEC,
  XFRM_STATE_ICMP,
} from "../../../native/index.ts";
import { bind } from "./bind.ts";
import { slotOf } from "./generation.ts";
import {
  GCM,
  inboundFields,
  outboundFields,
  type TemplatedTunnel,
} from "./keyed-tunnel.ts";
import { deriveKey, type SaBinding } from "./keys.ts";
import { nameAfter, type SaSeries } from "./series.ts";
import { allSlots, inSlot } from "./spi.ts";

/** A secret in the form from which many keys are derived fastest; it does not print either. */
export interface PreparedKey {
  readonly id: number;
  readonly secret: KeyObject;
  /** Tells the secret from others; it cannot be told from that. */
  readonly name: string;
}

/** One direction of a tunnel. */
interface Way {
  readonly tunnel: TemplatedTunnel;
  /** Whether this node sends. */
  readonly sends: boolean;
}

/**
 * Works its SAs out when they are asked for, and keeps none: they would take more memory than all else of a tunnel. A class, as the
 * one below: a large mesh has tens of thousands of each, and objects with functions of their own take many times as much.
 */
export class DerivedSeries implements SaSeries {
  readonly #tunnel: TemplatedTunnel;
  readonly #sends: boolean;
  readonly #key: PreparedKey;
  readonly #spi: number;

  /** @param spi of slot 0 */
  constructor({ tunnel, sends }: Way, key: PreparedKey, spi: number) {
    this.#tunnel = tunnel;
    this.#sends = sends;
    this.#key = key;
    this.#spi = spi;
  }

  get #way(): Way {
    return { tunnel: this.#tunnel, sends: this.#sends };
  }

  get keyId(): number {
    return this.#key.id;
  }

  get destination(): Uint8Array {
    return this.#sends ? this.#tunnel.remote : this.#tunnel.local;
  }

  get spis(): readonly number[] {
    return allSlots(this.#spi);
  }

  spiAt(generation: number): number {
    return inSlot(this.#spi, slotOf(generation));
  }

  at(generation: number): SecurityAssociation {
    const way = this.#way;
    const { tunnel, sends } = way;
    const fields = sends
      ? outboundFields(tunnel)
      : inboundFields(tunnel, tunnel.remote);
    return {
      ...fields,
      spi: this.spiAt(generation),
      reqid: tunnel.reqid,
      aead: new DerivedAead(this.#key, way, generation),
      flags: XFRM_STATE_AF_UNSPEC | XFRM_STATE_ICMP,
    };
  }

  name(): string {
    const { sender, receiver, family } = endsOf(this.#way);
    const { name, id } = this.#key;
    const place = bind([name, String(family), String(id)]);
    return nameAfter(place + sender.bound + receiver.bound);
  }
}

/** Derives its key each time that it is asked for: most SAs of a large mesh are only named, and none of their keys stays in memory. */
class DerivedAead implements Aead {
  readonly algorithm = GCM.algorithm;
  readonly icvBits = GCM.icvBits;
  readonly #from: PreparedKey;
  readonly #way: Way;
  readonly generation: number;

  constructor(from: PreparedKey, way: Way, generation: number) {
    this.#from = from;
    this.#way = way;
    this.generation = generation;
  }

  get key(): Key {
    const { secret, id: keyId } = this.#from;
    const { generation } = this;
    return deriveKey(secret, { ...endsOf(this.#way), keyId, generation });
  }
}

function endsOf({
  tunnel: { ends, family },
  sends,
}: Way): Pick<SaBinding, "sender" | "receiver" | "family"> {
  const { own, peer } = ends;
  return sends
    ? { sender: own, receiver: peer, family }
    : { sender: peer, receiver: own, family };
}
