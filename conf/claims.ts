import { basename, join } from "node:path";
import { isObject } from "../cni/configuration.ts";
import { readSmallFile } from "../files/read.ts";
import { type Cidr, parseAddressWithPrefix } from "../ip/cidr.ts";
import {
  clusterFiles,
  fileOf,
  type FolderNames,
  orphans,
  slicesOf,
} from "./folder-names.ts";
import { reservedBlock } from "./reserved.ts";

/** What a cluster file says of the networks behind it: all that has to be known of a cluster to keep clear text from it. */
export interface Claim {
  readonly name: string;
  readonly encrypted: boolean;
  /** As other clusters see them: pods' networks, or what stands for them, and services'. */
  readonly seen: readonly Cidr[];
  /** The pods', as the cluster itself has them. */
  readonly pods: readonly Cidr[];
  readonly nodes: readonly {
    readonly name: string;
    readonly ips: readonly string[];
  }[];
}

/** More than any cluster file may have. */
const BYTE_LIMIT = 4 * 1024 * 1024;

/**
 * What can be read of the cluster files of a folder where not all is well with them: of a file whose JSON is broken, whose
 * keys are misspelled or whose mode is wrong, whatever CIDRs can be made out. Nothing of it is to be believed, but for one
 * purpose: to block packets. Throws nothing.
 */
export function readClaims(names: FolderNames): Claim[] {
  const files = [...clusterFiles(names), ...orphans(names).map(fileOf)];
  return files.flatMap((name) => {
    const text = readText(join(names.folder, name));
    const slices = sliceTexts(slicesOf(names, name));
    if (text === undefined && slices.length === 0) return [];
    return claimsIn(text ?? "", basename(name, ".json"), slices);
  });
}

/** Of those that can be read. */
function sliceTexts(names: FolderNames | undefined): string[] {
  if (names === undefined) return [];
  return clusterFiles(names).flatMap(
    (name) => readText(join(names.folder, name)) ?? [],
  );
}

/** What a cluster file's text says, as far as it can be made out. */
function claimsIn(
  text: string,
  fallbackName: string,
  slices: readonly string[],
): Claim[] {
  const file = parse(text);
  const pods = cidrsOf(file, "podCIDRs");
  const parts = slices.map(parse);
  const nodes = [file, ...parts].flatMap((part) =>
    objectsOf(member(part, "nodes")),
  );
  const shares = [
    ...nodes.flatMap((node) => cidrsOf(node, "podCIDRs")),
    // What is left of a slice that is no JSON says of no node what it says.
    ...parts.flatMap((part) => cidrsOf(part, "podCIDRs")),
  ];
  const globals = networksIn(
    Object.values(entries(member(file, "globalCIDRs"))),
  );
  const services = cidrsOf(file, "serviceCIDRs");
  const own = [...pods, ...shares];
  return [
    {
      name: nameIn(member(file, "name")) ?? fallbackName,
      encrypted: member(file, "encryption") !== "none",
      // Which network a global one stands for is not looked into: the others' own may be this cluster's too.
      seen: [...(globals.length > 0 ? globals : own), ...services],
      pods: own,
      nodes: nodes.map((node) => ({
        name: textOf(member(node, "name")) ?? "",
        ips: textsOf(member(node, "ips")),
      })),
    },
  ];
}

function readText(path: string): string | undefined {
  try {
    return readSmallFile(path, { byteLimit: BYTE_LIMIT })?.replace(
      /^\ufeff/,
      "",
    );
  } catch {
    return undefined;
  }
}

/** The object that the text is, or what is left of one. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return salvage(text);
  }
}

/** The members that count, from a text that is no JSON: half written, with a comment, or with a comma too many. */
function salvage(text: string): Record<string, unknown> {
  const head = text.replace(/"nodes"\s*:\s*\[[^]*$/, "");
  const listsOf = (key: string): string[] =>
    [...text.matchAll(new RegExp(`"${key}"\\s*:\\s*[[]?([^\\]{}:]*)`, "gi"))]
      .flatMap(([, list = ""]) => [...list.matchAll(/"([^"]*)"/g)])
      .map(([, value = ""]) => value);
  const globals = /"globalCIDRs"\s*:\s*\{([^}]*)/i.exec(text)?.[1] ?? "";
  const name = /"name"\s*:\s*"([^"]*)"/i.exec(head)?.[1];
  const plain = /"encryption"\s*:\s*"none"/i.test(text);
  return {
    ...(name === undefined ? {} : { name }),
    ...(plain ? { encryption: "none" } : {}),
    podCIDRs: listsOf("podCIDRs"),
    serviceCIDRs: listsOf("serviceCIDRs"),
    globalCIDRs: Object.fromEntries(
      [...globals.matchAll(/"([^"]*)"\s*:\s*"([^"]*)"/g)].map(
        ([, from = "", to = ""]) => [from, to],
      ),
    ),
  };
}

/** A member by its name in whatever case: `podCidrs` is a misspelling that still says what is meant. */
function member(value: unknown, name: string): unknown {
  const wanted = name.toLowerCase();
  return Object.entries(entries(value)).find(
    ([key]) => key.toLowerCase() === wanted,
  )?.[1];
}

function cidrsOf(value: unknown, name: string): Cidr[] {
  return networksIn(textsOf(member(value, name)));
}

/** Those that are networks at all; host bits do not matter here. */
function networksIn(texts: readonly unknown[]): Cidr[] {
  return texts.flatMap((text) => {
    try {
      const { network } = parseAddressWithPrefix(String(text).trim());
      return reservedBlock(network) === undefined ? [network] : [];
    } catch {
      return [];
    }
  });
}

function textsOf(value: unknown): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((item) => typeof item === "string");
}

/** What a cluster may be called (schema/cluster.schema.json); anything else would be remembered, and had to be typed to `forget`. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/;

function nameIn(value: unknown): string | undefined {
  return typeof value === "string" && NAME.test(value) ? value : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function objectsOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : Object.values(entries(value));
}

function entries(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}
