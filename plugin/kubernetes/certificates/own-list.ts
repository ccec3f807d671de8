import type { Log } from "../../kernel/log.ts";
import type { Authority } from "../../x509/certificate.ts";
import type { Revocation } from "../../x509/revocation.ts";
import type { Access } from "../api/access.ts";
import { ApiError, isStatus } from "../api/error.ts";
import type { ApiObject } from "../api/object.ts";
import { ask } from "../api/request.ts";
import type { ClusterObject } from "../kinds.ts";
import { PATHS, REVOKED, SYSTEM } from "../names.ts";
import { AUTHORITY, LIST, type OwnAuthority } from "./authority.ts";
import { listFault } from "./peer-list.ts";
import {
  listIn,
  namedIn,
  nextList,
  revocations,
  strayNames,
} from "./revoke.ts";
import { type SignedByNode, signedSecret } from "./signed.ts";

/** What this cluster's authority has revoked. */
export interface OwnList {
  /** The list that is told to everyone, as PEM. */
  readonly list?: string;
  /** The serials of all that is to be in it. */
  readonly revoked: ReadonlySet<string>;
  /** What this turn has revoked. */
  readonly fresh: readonly Revocation[];
  /** What is not as it should be, in a sentence. */
  readonly trouble?: string;
}

/** What this cluster knows of its nodes. */
interface Nodes {
  readonly nodes: readonly ApiObject[];
  readonly signed: SignedByNode;
}

/**
 * Brings the authority's list, which is stored beside its key, to what is to be revoked. Nothing is told that is not stored; where
 * nothing can be, what was told before stays.
 */
export async function ownList(
  publishing: { readonly access: Access; readonly log: Log },
  own: ClusterObject,
  { authority, certificate, stored }: OwnAuthority,
  nodes: Nodes,
): Promise<OwnList> {
  if (certificate === undefined)
    return { ...NOTHING, ...troubled(unheededIn(own)) };
  const text = own.status.discovered?.["crl"];
  const told = typeof text === "string" ? text : undefined;
  if (authority === undefined || stored === undefined)
    return { ...NOTHING, ...listed(told) };
  const cluster = own.metadata.name;
  const known = { ...nodes, cluster, named: namedIn(own), now: Date.now() };
  const next = nextOf(authority, [stored.list, told], known);
  const failure =
    next.list === undefined || next.list === stored.list
      ? undefined
      : await store(publishing, stored.version, next.list);
  const { before, fresh, revoked, troubles } = next;
  const all = [...troubles, ...oddIn(known)];
  return failure === undefined
    ? { ...listed(next.list), revoked, fresh, ...troubled(all) }
    : {
        ...NOTHING,
        ...listed(before),
        revoked,
        ...troubled([failure, ...all]),
      };
}

const NOTHING: OwnList = { revoked: new Set(), fresh: [] };

/** Whom the admin names in vain, and what is noted in vain. */
function oddIn(known: Parameters<typeof strayNames>[0]): string[] {
  const unread = [...known.signed.values()].filter(
    ({ certificates }) => certificates === undefined,
  );
  return [
    ...strayNames(known).map(
      (name) =>
        `${REVOKED} names "${name}", which is no Node, and for which nothing was signed that holds`,
    ),
    ...unread.map(
      ({ node }) =>
        `Secret "${signedSecret(node)}" in ${SYSTEM} makes no sense: what was signed for "${node}" cannot be revoked, and nothing more is signed for it; bring it back, or delete it`,
    ),
  ];
}

/** What the admin of a cluster whose authority is his own has said in vain. */
function unheededIn(own: ClusterObject): string[] {
  const { ca, crl } = own.spec;
  const isSaid = typeof ca === "string" && typeof crl === "string";
  const fault = isSaid ? listFault({ ca, crl }) : undefined;
  return [
    ...(namedIn(own).size > 0 ? [NO_AUTHORITY] : []),
    ...(fault === undefined ? [] : [`spec: ${fault}`]),
  ];
}

const NO_AUTHORITY = `${REVOKED} revokes nothing, since this cluster's publisher is not its authority: run \`crosslink ca revoke\` where that is, and put the list into spec.crl`;

const NO_LIST = `${LIST} of Secret "${AUTHORITY}" in ${SYSTEM} is no list of this authority, and what it had revoked is believed again: bring it back, or take ${LIST} away`;

/** The list that is to be told, after the newest of those that there are. */
function nextOf(
  authority: Authority,
  texts: readonly (string | undefined)[],
  known: Parameters<typeof revocations>[0],
) {
  const newest = newestOf(texts, authority.certificate);
  const wanted = revocations(known);
  const before = newest?.read;
  const had = new Set(before?.revoked.map(({ serial }) => serial));
  const next = nextList(authority, { before, wanted, now: known.now });
  const isNew = typeof next === "object";
  const isLost = newest === undefined && texts.some((pem) => pem !== undefined);
  return {
    before: newest?.pem,
    list: isNew ? next.list : newest?.pem,
    fresh: isNew ? wanted.filter(({ serial }) => !had.has(serial)) : [],
    revoked: new Set([...had, ...wanted.map(({ serial }) => serial)]),
    troubles: [
      ...(typeof next === "string" ? [next] : []),
      ...(isLost ? [NO_LIST] : []),
    ],
  };
}

function newestOf(texts: readonly (string | undefined)[], ca: string) {
  const all = [...new Set(texts)].flatMap((pem) => {
    const read = listIn(pem, ca);
    return pem === undefined || read === undefined ? [] : [{ pem, read }];
  });
  return all.sort((one, other) => other.read.number - one.read.number)[0];
}

function listed(list: string | undefined): Pick<OwnList, "list"> {
  return list === undefined ? {} : { list };
}

function troubled(troubles: readonly string[]): Pick<OwnList, "trouble"> {
  const trouble = troubles.filter((one) => one !== "").join("; ");
  return trouble === "" ? {} : { trouble };
}

/** Returns what was refused; "" where another one has written since, which the next turn sees. */
async function store(
  { access, log }: { readonly access: Access; readonly log: Log },
  resourceVersion: string | undefined,
  list: string,
): Promise<string | undefined> {
  try {
    const path = `${PATHS.secrets}/${AUTHORITY}`;
    const body = {
      metadata: { resourceVersion },
      stringData: { [LIST]: list },
    };
    await ask(access, { method: "PATCH", path, body });
    log(
      "info",
      "this cluster's authority has another list of revoked certificates",
    );
    return undefined;
  } catch (error) {
    if (isStatus(error, 409) || isStatus(error, 404)) return "";
    if (!(error instanceof ApiError)) throw error;
    return `nothing more is revoked: ${error.message}`;
  }
}
