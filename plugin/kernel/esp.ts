import {
  Key,
  NetlinkError,
  openXfrm,
  type SecurityAssociation,
} from "../../native/index.ts";
import { type Kernel, using } from "./kernel.ts";

/** The documentation's own addresses (RFC 5737, RFC 3849): the trial's SA leads nowhere. */
const TRIAL_ENDS = {
  4: [Uint8Array.of(192, 0, 2, 1), Uint8Array.of(192, 0, 2, 2)],
  6: [documentation(1), documentation(2)],
} as const;

/**
 * Tries whether the kernel can have an SA of our kind, in an empty namespace of its own, so that
 * nobody else's state is touched. The kernel loads modules on the way, as it would for a real one.
 *
 * @returns the kernel's refusal; undefined where it can
 */
export function tryAssociation(
  kernel: Kernel,
  family: 4 | 6,
): NetlinkError | undefined {
  const netns = kernel.binding.makeNamespace();
  if (netns < 0) {
    throw new NetlinkError(
      {
        operation: "unshare",
        action: () => "make a network namespace for a trial",
      },
      -netns,
    );
  }
  try {
    return using(openXfrm(kernel.binding, { netns }), (xfrm) => {
      const [refusal] = xfrm.addAssociations([trialAssociation(family)]);
      return refusal;
    });
  } finally {
    kernel.binding.close(netns);
  }
}

function trialAssociation(family: 4 | 6): SecurityAssociation {
  const [source, destination] = TRIAL_ENDS[family];
  return {
    source,
    destination,
    spi: 0x100,
    reqid: 1,
    mode: "tunnel",
    replayWindow: 0,
    aead: {
      algorithm: "rfc4106(gcm(aes))",
      key: new Key(new Uint8Array(36)),
      icvBits: 128,
    },
  };
}

function documentation(host: number): Uint8Array {
  const address = new Uint8Array(16);
  address.set([0x20, 0x01, 0x0d, 0xb8]);
  address[15] = host;
  return address;
}
