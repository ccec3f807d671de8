import { listIn } from "./revoke.ts";

/** Words of a cluster, by name. */
type Words = Readonly<Record<string, unknown>>;

/**
 * Why a cluster's list of revoked certificates is none: whoever took it would go on believing them.
 *
 * @returns undefined where it is one, or there is none
 */
export function listFault({
  ca,
  crl,
}: {
  readonly ca?: string;
  readonly crl?: string;
}): string | undefined {
  return ca === undefined || crl === undefined || listIn(crl, ca) !== undefined
    ? undefined
    : 'its "crl" is no list that the authority in its "ca" has signed; what was known stays';
}

/**
 * What a cluster says, with the newest list of its authority that was ever seen: one that was lost, as by a backup, takes nothing
 * back.
 *
 * @param before what it said until now
 */
export function newestList(words: Words, before: Words = {}): Words {
  const { ca, crl } = words;
  if (typeof ca !== "string" || ca !== before["ca"] || crl === before["crl"])
    return words;
  const [now, had] = [crl, before["crl"]].map((list) =>
    typeof list === "string" ? listIn(list, ca) : undefined,
  );
  return had !== undefined && had.number > (now?.number ?? -1)
    ? { ...words, crl: before["crl"] }
    : words;
}
