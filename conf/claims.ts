import { basename, join } from "node:path";
import { isObject } from "../cni/configuration.ts";
import { jsonOrNothing } from "../files/json.ts";
import { readSmallFile } from "../files/read.ts";
import type { Cidr } from "../ip/cidr.ts";
import { distinctCidrs } from "../ip/distinct.ts";
import { readClaimText } from "./claim-text.ts";
import {
  clusterFiles,
  fileOf,
  type FolderNames,
  orphans,
  slicesOf,
} from "./folder-names.ts";
import { isName } from "./name.ts";

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
  /** Whether a network that it no longer names is not given up by that: a program writes it, of nodes that come and go. */
  readonly onlyAdds?: boolean;
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

/** What a cluster file's text says, as far as it can be made out; of more than one cluster where it is a list of them. */
function claimsIn(
  text: string,
  fallbackName: string,
  slices: readonly string[],
): Claim[] {
  const clusters = clustersIn(jsonOrNothing(text));
  if (clusters === undefined) return [claimIn(text, fallbackName, slices)];
  return clusters.map((each) =>
    claimIn(JSON.stringify(each), fallbackName, slices),
  );
}

/** Where a file holds what a control plane would: several clusters, or one with other things around it. */
function clustersIn(file: unknown): readonly unknown[] | undefined {
  const list = [file, member(file, "items"), member(file, "clusters")].find(
    (each) => Array.isArray(each),
  );
  if (list !== undefined)
    return list.map((each: unknown) => specOf(each) ?? each);
  const spec = specOf(file);
  return spec === undefined ? undefined : [spec];
}

function specOf(file: unknown): unknown {
  const spec = member(file, "spec");
  if (!isObject(spec)) return undefined;
  return { ...entries(member(file, "metadata")), ...spec };
}

function claimIn(
  text: string,
  fallbackName: string,
  slices: readonly string[],
): Claim {
  const whole = readClaimText(text);
  const parts = slices.map(readClaimText);
  const pods = distinctCidrs([whole, ...parts].flatMap((part) => part.pods));
  const { globals, services } = whole;
  return {
    name:
      nameIn(member(jsonOrNothing(text), "name") ?? whole.name) ?? fallbackName,
    encrypted: !whole.isPlain,
    // Which network a global one stands for is not looked into: the others' own may be this cluster's too.
    seen: distinctCidrs([
      ...(globals.length > 0 ? globals : pods),
      ...services,
    ]),
    pods,
    nodes: [text, ...slices].flatMap(nodesIn),
  };
}

/** As pairs where the text is JSON, else as far as they can be made out. */
function nodesIn(text: string): Claim["nodes"] {
  const nodes = objectsOf(member(jsonOrNothing(text), "nodes"));
  if (nodes.length === 0) return readClaimText(text).nodes;
  return nodes.map((node) => ({
    name: textOf(member(node, "name")) ?? "",
    ips: textsOf(member(node, "ips")),
  }));
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

/** A member by its name in whatever case: `podCidrs` is a misspelling that still says what is meant. */
function member(value: unknown, name: string): unknown {
  const wanted = name.toLowerCase();
  return Object.entries(entries(value)).find(
    ([key]) => key.toLowerCase() === wanted,
  )?.[1];
}

function textsOf(value: unknown): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((item) => typeof item === "string");
}

/** Anything else would be remembered, and had to be typed to `forget`. */
function nameIn(value: unknown): string | undefined {
  return typeof value === "string" && isName(value) ? value : undefined;
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
