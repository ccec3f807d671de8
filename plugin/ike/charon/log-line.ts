import {
  KERNEL_REFUSES,
  type KernelRefusal,
  readRefusal,
} from "./kernel-refusal.ts";
import { NO_PROOF } from "./node-identity.ts";

/** A line of charon's log. */
interface LogLine {
  /** Which connection it is about, where charon says. */
  readonly connection: string | undefined;
  /** What it says, without anything that could be a secret. */
  readonly text: string;
  /** What an admin can do about it, where it tells of a trouble. */
  readonly trouble: string | undefined;
  /** What the kernel said, where it refused something; that this was an SA comes in a later line. */
  readonly refusal: KernelRefusal | undefined;
}

/** "05[IKE] <crosslink-434c1234|7> peer not responding" (strongSwan, src/libcharon/bus/listeners/file_logger.c). */
const LINE =
  /^(?:.* )?\d\d\[[A-Z]{3}\] (?:<(?<name>[^|>]*)\|?\d*> )?(?<text>.*)$/u;

/** As long as a secret in base64 or a key in hexadecimal would be. Our levels print none; this is for the day when one does. */
const SECRETIVE = /[A-Za-z0-9+/]{32,}={0,2}/gu;

/** A trouble in one word, for metrics. */
export type TroubleCause =
  | "certificate"
  | "expired"
  | "refused"
  | "unproven"
  | "revoked"
  | "untrusted"
  | "kernel"
  | "algorithms"
  | "peer"
  | "silence"
  | "unknown"
  | "selectors";

/** What charon says, and what that means. */
const TROUBLES: readonly (readonly [RegExp, TroubleCause, string])[] = [
  [
    /received AUTHENTICATION_FAILED/u,
    "refused",
    "the peer does not take this node for who it says it is: both nodes need the same keyring, and the same names and addresses in their cluster files",
  ],
  [
    /certificate was revoked/u,
    "revoked",
    "the peer's certificate was revoked by its cluster's authority: where that was a mistake, sign a new key",
  ],
  [
    /certificate invalid \(valid from/u,
    "expired",
    "a certificate that the peer shows, or its authority's, is not valid at this time: have it signed again, or look at both nodes' clocks; this node's log says from when to when it is",
  ],
  [
    /no trusted .*public key found|no issuer certificate found|constraint check failed/u,
    "untrusted",
    "the peer shows no certificate that its cluster's authority has signed for its name: see \"ca\" in that cluster's file, and node.crt on the peer",
  ],
  [
    /MAC mismatched|no shared key found/u,
    "unproven",
    "the peer does not prove who it says it is: both nodes need the same keyring, and the same names and addresses in their cluster files",
  ],
  [/unable to install .* in kernel/u, "kernel", KERNEL_REFUSES],
  [
    /received NO_PROPOSAL_CHOSEN|no acceptable proposal found|no proposal found/u,
    "algorithms",
    "the ends have no algorithms in common (AES-256-GCM with x25519 or ECP-384, and ESN), or the peer cannot use them now, since its kernel lacks them or its certificate has run out: its own log and `status` say which",
  ],
  [
    /IDr payload missing/u,
    "peer",
    "the peer breaks off instead of proving who it is, as a charon does whose kernel refuses the SA: its own log says why",
  ],
  [
    /giving up after \d+ retransmits|peer not responding/u,
    "silence",
    "the peer does not answer: UDP ports 500 and 4500 must be open both ways, and an agent must run there",
  ],
  [
    /no matching peer config found|no IKE config found/u,
    "unknown",
    "a peer came that the cluster files do not know: its name, its cluster's or its address differ from theirs",
  ],
  [
    /TS_UNACCEPTABLE|traffic selectors .* unacceptable/u,
    "selectors",
    "the ends do not mean the same pods: both nodes need the same cluster files",
  ],
];

/** Reads a line. Never throws: what is no line of charon's is a text. */
export function readLogLine(line: string): LogLine {
  const { name = "", text: raw = line } = LINE.exec(line)?.groups ?? {};
  const [, , trouble] = TROUBLES.find(([pattern]) => pattern.test(raw)) ?? [];
  const text = raw.replace(SECRETIVE, "<redacted>");
  return {
    connection: name.startsWith("crosslink-") ? name : undefined,
    text,
    trouble,
    refusal: readRefusal(text),
  };
}

/** The word for a trouble that {@link readLogLine} told, or that this node has with its own proof. */
export function causeOf(trouble: string): TroubleCause | undefined {
  if (trouble.startsWith(NO_PROOF)) return "certificate";
  return TROUBLES.find(([, , text]) => trouble.startsWith(text))?.[1];
}
