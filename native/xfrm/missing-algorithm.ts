import { NetlinkError } from "../error.ts";

/** What the kernel lacks, and what to do about it. */
export interface MissingAlgorithm {
  /** As in "the kernel has no …". */
  readonly name: string;
  /** Any one of these may be what is missing. */
  readonly modules: readonly string[];
  /** A sentence for the admin. */
  readonly remedy: string;
}

interface Symptom extends Omit<MissingAlgorithm, "remedy"> {
  readonly operations: readonly string[];
  readonly code: string;
  /** The extended ack's text since Linux 6.1; before, the errno alone has to do. */
  readonly message?: string;
  readonly options: readonly string[];
}

const CHANGES = ["XFRM_MSG_NEWSA", "XFRM_MSG_UPDSA"];

const SYMPTOMS: readonly Symptom[] = [
  {
    // attach_aead() in net/xfrm/xfrm_user.c: neither found nor put together from its parts.
    operations: CHANGES,
    code: "ENOSYS",
    message: "Requested AEAD algorithm not found",
    name: "AEAD algorithm rfc4106(gcm(aes))",
    modules: ["gcm", "ctr", "ghash-generic"],
    options: ["CONFIG_CRYPTO_GCM"],
  },
  {
    // __xfrm_init_state() in net/xfrm/xfrm_state.c: no protocol handler of the SA's family.
    operations: CHANGES,
    code: "EPROTONOSUPPORT",
    message: "Requested type not found",
    name: "ESP",
    modules: ["esp4", "esp6"],
    options: ["CONFIG_INET_ESP", "CONFIG_INET6_ESP"],
  },
  {
    // esp_init_aead() in net/ipv4/esp4.c: the algorithm is there, what makes its IVs is not.
    operations: CHANGES,
    code: "ENOENT",
    message: "Kernel was unable to initialize cryptographic operations",
    name: "IV generator for GCM",
    modules: ["seqiv", "drbg"],
    options: ["CONFIG_CRYPTO_SEQIV", "CONFIG_CRYPTO_DRBG"],
  },
  {
    operations: ["socket"],
    code: "EPROTONOSUPPORT",
    name: "xfrm configuration interface",
    modules: ["xfrm_user"],
    options: ["CONFIG_XFRM_USER"],
  },
];

/**
 * Says which part of IPsec the kernel lacks, when that is why it refused an SA with GCM or the xfrm socket itself;
 * undefined for any other error.
 */
export function missingAlgorithm(error: unknown): MissingAlgorithm | undefined {
  if (!(error instanceof NetlinkError)) return undefined;
  const symptom = SYMPTOMS.find((candidate) => explains(candidate, error));
  if (symptom === undefined) return undefined;
  const { name, modules, options } = symptom;
  const remedy = `Load it with "modprobe -a ${modules.join(" ")}"; a kernel without the module needs ${options.join(" and ")}`;
  return { name, modules, remedy };
}

function explains(symptom: Symptom, error: NetlinkError): boolean {
  const said = error.extack?.message;
  return (
    symptom.operations.includes(error.operation) &&
    symptom.code === error.code &&
    (said === undefined || said === symptom.message)
  );
}
