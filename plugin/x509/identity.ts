/** What every name of ours says beside its common name. */
export const ORGANIZATION = "crosslink";

/** X.520's upper bound of a common name, which OpenSSL holds names to: characters. */
const LONGEST_COMMON_NAME = 64;

/** What a longer name is called in the subject; the whole is in subjectAltName. */
export function commonNameOf(identity: string): string {
  return identity.slice(0, LONGEST_COMMON_NAME);
}
