import { CniError, ErrorCode } from "../cni/error.ts";

/** The IPAM helper's error codes beside cni/error.ts's. */
export const IpamErrorCode = {
  /** ADD for an attachment that holds an address of the range set already. */
  duplicateAllocation: 120,
  /** A requested address is taken, reserved for the network, or in no range. */
  addressUnavailable: 121,
} as const;

/** ADD asked for an address that it cannot have. */
export function unavailable(fact: string): CniError {
  return new CniError(
    IpamErrorCode.addressUnavailable,
    `Cannot allocate: ${fact}`,
    {
      details:
        "ask for another address, or for none; `crosslink ipam` lists who holds which, and frees what is stale",
    },
  );
}

/** No address of a range set is free. */
export function exhausted(fact: string, details: string): CniError {
  return new CniError(ErrorCode.notAvailable, fact, { details });
}

/** Whether an allocation failed since a range set is exhausted: the only one of its errors with this code. */
export function isExhausted(error: unknown): boolean {
  return error instanceof CniError && error.code === ErrorCode.notAvailable;
}
