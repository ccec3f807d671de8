import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { PodSpec } from "kubernetes-types/core/v1.js";
import { parse, parseAllDocuments } from "yaml";
import { runCommandLine } from "../../../../../plugin/commands/main.ts";
import { OPS } from "../../../../support/agent/ops-files.ts";

const FOLDER = join(OPS, "kubernetes");

function install(...words: string[]) {
  let [stdout, stderr] = ["", ""];
  const code = runCommandLine(["install", ...words], {
    kernel: () => {
      throw new Error("no kernel in this test");
    },
    host: { nodeName: undefined, hostName: "none" },
    writeStdout: (text) => (stdout += text),
    writeStderr: (text) => (stderr += text),
  });
  return { code, stdout, stderr };
}

const print = (...words: string[]) =>
  install("--kubernetes", "--output", "yaml", ...words);

/** The part of an object that is looked at. */
interface Found {
  readonly kind: string;
  readonly spec?: { readonly template?: { readonly spec: PodSpec } };
}

function objects(text: string): Found[] {
  return parseAllDocuments(text).map((document) => {
    for (const error of document.errors) throw error;
    return document.toJS() as Found;
  });
}

function podsIn(text: string): PodSpec[] {
  return objects(text).flatMap(({ spec }) => spec?.template?.spec ?? []);
}

describe("crosslink install --kubernetes", () => {
  it("prints the objects of conf/ops/kubernetes, all of them", () => {
    const { resources } = parse(
      readFileSync(join(FOLDER, "kustomization.yaml"), "utf8"),
    ) as { resources: string[] };
    const inFiles = resources.flatMap((name) =>
      objects(readFileSync(join(FOLDER, name), "utf8")),
    );
    expect(objects(print().stdout)).toEqual(inFiles);
    expect([...resources, "kustomization.yaml"].sort()).toEqual(
      globSync(join(FOLDER, "*"))
        .map((path) => basename(path))
        .sort(),
    );
  });

  it("names the image in every container, whatever its text is", () => {
    const image = 'r.example/crosslink@sha256:0"\n  evil: 1';
    const images = podsIn(print("--image", image).stdout)
      .flatMap(({ containers, initContainers = [] }) => [
        ...containers,
        ...initContainers,
      ])
      .map((container) => container.image);
    expect(images).toHaveLength(4);
    expect(new Set(images)).toEqual(new Set([image]));
  });

  it("tells the publisher this cluster's name", () => {
    const commands = podsIn(print("--name", "null").stdout)
      .flatMap(({ containers }) => containers)
      .map(({ command }) => command);
    expect(commands).toContainEqual([
      "/usr/bin/crosslink",
      "publish",
      "--name",
      "null",
    ]);
  });

  it.each([
    [["--kubernetes"], "say --output yaml"],
    [["--kubernetes", "--output", "json"], "say --output yaml"],
    [["--kubernetes", "--output", "yaml", "--root", "/x"], "--root is of"],
    [["--kubernetes", "--output", "yaml", "--wait"], "--wait is of"],
    [["--output", "yaml"], "--output goes with --kubernetes"],
    [["--name", "a"], "--name goes with --kubernetes"],
    [
      ["--kubernetes", "--output", "yaml", "--name", "A.b"],
      'Cannot name a cluster "A.b"',
    ],
  ])("refuses %j", (words, sentence) => {
    const { code, stdout, stderr } = install(...words);
    expect(stderr).toContain(sentence);
    expect(stdout).toBe("");
    expect(code).toBe(1);
  });
});
