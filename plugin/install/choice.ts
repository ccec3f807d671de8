import { existsSync } from "node:fs";
import { basename } from "node:path";
import { CniError, ErrorCode } from "../../cni/error.ts";
import { typeOf } from "./chain.ts";
import { pluginsOf } from "./conflist-text.ts";
import {
  isReadable,
  listConfigurations,
  readConflist,
  troubleWith,
} from "./conflists.ts";

/** The configuration of the node's pods, and why it is that one. */
export interface ChosenConflist {
  readonly path: string;
  /** A sentence for each thing about the folder that an admin may not expect; the choice itself is the last. */
  readonly notes: readonly string[];
}

/**
 * The configuration that a runtime takes for the node's pods: the first of its folder; where that is Multus', the one that
 * Multus gives every pod.
 *
 * @throws CniError 7 where there is none, with what there is instead
 */
export function chooseConflist(folder: string): ChosenConflist {
  const { all, multus, path } = lookIn(folder);
  if (path === undefined)
    throw existsSync(folder)
      ? nothingIn(folder, { all, multus })
      : noSuchFolder(folder);
  const before = all.slice(0, all.indexOf(path));
  return {
    path,
    notes: [
      ...before.flatMap(passedOver),
      why(path, { folder, count: all.length, multus }),
    ],
  };
}

/** The same, undefined where there is none yet. */
export function findConflist(folder: string): string | undefined {
  return lookIn(folder).path;
}

function lookIn(folder: string): {
  readonly all: readonly string[];
  readonly multus: string | undefined;
  readonly path: string | undefined;
} {
  const all = listConfigurations(folder);
  const good = all.filter(isReadable);
  const multus = good.find(isMultus);
  const plain = good.filter((path) => !isMultus(path));
  return { all, multus, path: namedBy(multus, plain) ?? plain[0] };
}

/** Multus' own entries, thick and thin. */
const MULTUS = /^multus(?:-shim)?$/;

function isMultus(path: string): boolean {
  const text = readConflist(path);
  const [first = JSON.parse(text) as unknown] = pluginsOf(text);
  return MULTUS.test(typeOf(first));
}

/** Multus' `clusterNetwork` may be the path of a configuration; a network's name is not followed. */
function namedBy(
  multus: string | undefined,
  others: readonly string[],
): string | undefined {
  if (multus === undefined) return undefined;
  const named = /"clusterNetwork"\s*:\s*"([^"]*)"/.exec(
    readConflist(multus),
  )?.[1];
  return others.find((path) => basename(path) === basename(named ?? ""));
}

function passedOver(path: string): string[] {
  const trouble = troubleWith(path);
  return trouble === undefined
    ? []
    : [
        `Passed over ${path}: ${trouble}. CRI-O does so, too, while containerd takes no network of a folder with such a file: mend it, or take it away`,
      ];
}

function why(
  path: string,
  facts: {
    readonly folder: string;
    readonly count: number;
    readonly multus: string | undefined;
  },
): string {
  const { folder, count, multus } = facts;
  if (multus !== undefined)
    return `Took ${path}: ${multus} is Multus', which calls the network of this file for every pod. Where it has a copy of it in "delegates", restart Multus; where it calls another, name that with --conflist`;
  return count === 1
    ? `Took ${path}: it is the only configuration in ${folder}`
    : `Took ${path}: of ${String(count)} configurations in ${folder} it is the first by name, which runtimes take`;
}

/** Not made here: a runtime that looks elsewhere would never find what is put there. */
function noSuchFolder(folder: string): CniError {
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot find a conflist in "${folder}": there is no such folder`,
    {
      details:
        "the base plugin makes it for its own conflist, which crosslink comes after: install that plugin, then run `crosslink install` again (or now, with --wait). Where the runtime looks in another folder, name the conflist there with --conflist",
    },
  );
}

function nothingIn(
  folder: string,
  {
    all: [first],
    multus,
  }: { readonly all: readonly string[]; readonly multus: string | undefined },
): CniError {
  const what =
    first === undefined
      ? "no file there ends in .conflist, .conf or .json"
      : multus !== undefined
        ? `there is only Multus' own, "${multus}", which calls the network of another file`
        : `"${first}" cannot be used: ${troubleWith(first) ?? "it is none"}`;
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot find a conflist in "${folder}": ${what}`,
    {
      details:
        "crosslink comes after a base plugin: run `crosslink install` again when that has written its own, or name one with --conflist",
    },
  );
}
