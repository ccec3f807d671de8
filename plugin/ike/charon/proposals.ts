/** What both ends have to be able to: in strongSwan's words, the fastest first. */

/** IKE_SA: AES-256-GCM, SHA-384. */
export const IKE_PROPOSALS = [
  "aes256gcm16-prfsha384-x25519",
  "aes256gcm16-prfsha384-ecp384",
] as const;

/** CHILD_SA: the same with 64-bit sequence numbers, and keys of their own at each rekeying (PFS). */
export const ESP_PROPOSALS = [
  "aes256gcm16-x25519-esn",
  "aes256gcm16-ecp384-esn",
] as const;
