import { type Cidr, parseAddressWithPrefix } from "../ip/cidr.ts";
import { nearest } from "./document/nearest.ts";
import { reservedBlock } from "./reserved.ts";

/** What can be made out of a text that was meant for a cluster file, or a slice of one: broken JSON, YAML, other keys. */
export interface ClaimText {
  readonly name: string | undefined;
  /** Whether all that it says of encryption is that there is none. */
  readonly isPlain: boolean;
  readonly pods: readonly Cidr[];
  readonly services: readonly Cidr[];
  /** What stands for pods' networks; not which it stands for. */
  readonly globals: readonly Cidr[];
  /** All names and addresses of nodes; which belong to each other is not known. */
  readonly nodes: readonly {
    readonly name: string;
    readonly ips: readonly string[];
  }[];
}

/**
 * Reads on where JSON ends: whatever looks like a network and stands behind a key that looks like one for networks. Takes
 * time by the text's length alone, whatever it is. Throws nothing.
 */
export function readClaimText(raw: string): ClaimText {
  const text = unescaped(raw);
  const found = networksIn(text);
  const of = (kind: Kind): Cidr[] =>
    found.flatMap((each) => (each.kind === kind ? [each.cidr] : []));
  const start = text.search(/["']?nodes["']?\s{0,9}[:=]/i);
  const [head, tail] =
    start < 0 ? [text, ""] : [text.slice(0, start), text.slice(start)];
  return {
    name: valuesOf(head, "name")[0],
    isPlain: isPlain(text),
    pods: of("pods"),
    services: of("services"),
    globals: of("globals"),
    nodes: nodesIn(tail),
  };
}

/** Of what was saved in two bytes a character the ASCII stays; JSON's escapes are what they stand for. */
function unescaped(raw: string): string {
  return raw
    .replace(/[\0\ufeff\ufffd]/g, "")
    .replace(/\\u([0-9a-f]{4})/gi, (_, code: string) =>
      String.fromCharCode(parseInt(code, 16)),
    )
    .replaceAll("\\/", "/");
}

type Kind = "pods" | "services" | "globals";

/** A network, or a key; either where nothing that may be a part of it comes before. */
const WORDS = new RegExp(
  [
    /(?<![0-9a-z:.])(?<network>[0-9a-f:.]{2,45}\s{0,3}\/\s{0,3}[\d.]{1,15})(?<isKey>["']\s{0,9}:)?/,
    /(?<![\w-])(?<key>[a-z_][\w-]{0,40})["']?\s{0,9}[:=]/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "gi",
);

function networksIn(text: string): { kind: Kind; cidr: Cidr }[] {
  const found: { kind: Kind; cidr: Cidr }[] = [];
  const kinds = new Map<string, Kind | undefined>();
  let last: string | undefined;
  for (const { groups = {} } of text.matchAll(WORDS)) {
    const { network, isKey, key } = groups;
    last = key ?? last;
    if (network === undefined || isKey !== undefined || last === undefined)
      continue;
    // Of the keys before a network alone, each once: a file of megabytes says the same few over and over.
    if (!kinds.has(last)) kinds.set(last, kindOf(last));
    const kind = kinds.get(last);
    const cidr = networkOf(network);
    if (kind !== undefined && cidr !== undefined) found.push({ kind, cidr });
  }
  return found;
}

/** What a key's networks are: also where it is misspelled, or another program's word. */
function kindOf(key: string): Kind | undefined {
  const word = key.toLowerCase().replace(/[^a-z]/g, "");
  const isMeant =
    /(cidr|cdir|subnet|network)s?$/.test(word) ||
    nearest(word, ["podCIDRs", "serviceCIDRs", "globalCIDRs"]) !== undefined;
  // A network of nodes is where ESP itself goes.
  if (!isMeant || /^(node|host)/.test(word)) return undefined;
  if (/^(serv|svc)/.test(word)) return "services";
  return word.startsWith("glob") ? "globals" : "pods";
}

/** Host bits do not matter here; undefined for what is no network, and for one that no pod can be in. */
function networkOf(written: string): Cidr | undefined {
  try {
    const text = written.replace(/\s/g, "");
    const { network } = parseAddressWithPrefix(inUsualForm(text));
    return reservedBlock(network) === undefined ? network : undefined;
  } catch {
    return undefined;
  }
}

const V4 = String.raw`\d+\.\d+\.\d+\.\d+`;
const MAPPED = new RegExp(`^::ffff:(${V4})/(\\d+)$`, "i");
const MASKED = new RegExp(`^(${V4})/(${V4})$`);

/** IPv4 in IPv6's form, and with a mask, has a form that is read. */
function inUsualForm(text: string): string {
  const [, mapped, prefix] = MAPPED.exec(text) ?? [];
  if (mapped !== undefined) return `${mapped}/${String(Number(prefix) - 96)}`;
  const [, address, mask = ""] = MASKED.exec(text) ?? [];
  if (address === undefined) return text;
  const bits = mask
    .split(".")
    .map((byte) => Number(byte).toString(2).padStart(8, "0"))
    .join("");
  return /^1*0*$/.test(bits)
    ? `${address}/${String(bits.indexOf("0") < 0 ? 32 : bits.indexOf("0"))}`
    : text;
}

/** What stands behind a key, each time that it occurs. */
function valuesOf(text: string, key: string): string[] {
  const pattern = new RegExp(
    String.raw`(?<![\w-])${key}["']?\s{0,9}[:=]\s{0,9}["']?([^"'\s,{}[\]]{1,253})`,
    "gi",
  );
  return [...text.matchAll(pattern)].flatMap(([, value]) => value ?? []);
}

function isPlain(text: string): boolean {
  const withoutComments = text
    .replace(/\/\*[^]*?\*\//g, "")
    .replace(/(^|\s)(\/\/|#).*$/gm, "");
  const words = valuesOf(withoutComments, "encryption");
  return words.length > 0 && words.every((word) => word === "none");
}

function nodesIn(text: string): ClaimText["nodes"] {
  const names = valuesOf(text, "name");
  const addresses = text.matchAll(
    /(?<![0-9a-z:.])([0-9a-f:.]{2,45})(?![0-9a-z:./])/gi,
  );
  const ips = [...addresses].flatMap(([, ip = ""]) =>
    /\d/.test(ip) && /[:.]/.test(ip) ? [ip] : [],
  );
  return [
    ...names.map((name) => ({ name, ips: [] })),
    ...(ips.length > 0 ? [{ name: "", ips }] : []),
  ];
}
