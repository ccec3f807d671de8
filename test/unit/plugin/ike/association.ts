import { Key, type ObservedAssociation } from "../../../../native/index.ts";
import type { ListedChild } from "../../../../plugin/ike/charon/listed.ts";
import { tunnel } from "./charon/tunnel.ts";

/** The time of these tests, in seconds. */
export const NOW = 1_000_000;

/** An SA of the tests' tunnel as the kernel shows it; a negative age is one in the future. */
export function associationOf(
  direction: "in" | "out",
  spi: number,
  ageSeconds = 60,
  rest: Partial<ObservedAssociation> = {},
): ObservedAssociation {
  const { local, remote, reqid } = tunnel();
  return {
    ...(direction === "out"
      ? { source: local, destination: remote }
      : { source: remote, destination: local }),
    spi,
    reqid,
    mode: "tunnel",
    replayWindow: 1024,
    protocol: 50,
    aead: {
      algorithm: "rfc4106(gcm(aes))",
      key: new Key(new Uint8Array(36)),
      icvBits: 128,
    },
    current: {
      bytes: 0n,
      packets: 0n,
      addTimeSeconds: BigInt(NOW - ageSeconds),
      useTimeSeconds: 0n,
    },
    statistics: { replayWindow: 0, replay: 0, integrityFailed: 0 },
    sequence: { output: 0n, input: 0n },
    foreign: [],
    ...rest,
  };
}

/** A pair of SAs as charon lists it. */
export function childOf(
  spiIn: number,
  spiOut: number,
  state = "INSTALLED",
): ListedChild {
  return {
    id: "1",
    state,
    spiIn,
    spiOut,
    algorithms: "",
    inUdp: false,
    ageSeconds: 60,
    rekeySeconds: undefined,
    heardSeconds: undefined,
  };
}
