import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** [the file, what it imports, the rule that must refuse it] */
const wrong = [
  ["cni/run.ts", "../native/bytes.ts", "cni-arrow"],
  ["native/link.ts", "../cni/plain.ts", "native-arrow"],
  ["conf/file.ts", "../native/bytes.ts", "conf-arrow"],
  ["ipam/pool.ts", "../plugin/plain.ts", "ipam-arrow"],
  ["plugin/stray.ts", "../test/plain.ts", "sources-know-no-tests"],
  ["cni/first.ts", "./second.ts", "no-cycles"],
  ["native/route/link.ts", "../socket.ts", "codecs-are-pure"],
  ["native/route/rule.ts", "./client.ts", "codecs-are-pure"],
  ["native/header.ts", "node:fs", "codecs-without-node"],
  ["native/frame.ts", "./binding.ts", "addon-behind-socket"],
  ["plugin/mesh/peers.ts", "node:fs", "mesh-is-pure"],
  ["plugin/deep.ts", "../native/socket.ts", "native-by-its-index"],
  ["plugin/mesh/state.ts", "../../ipam/plain.ts", "mesh-without-kernel"],
  ["plugin/mesh/node.ts", "../plain.ts", "mesh-without-kernel"],
  ["plugin/shell.ts", "node:child_process", "programs-in-named-places"],
  ["ipam/range.ts", "ip-num", "addresses-behind-cidr"],
  ["conf/check.ts", "ajv", "no-other-packages"],
  ["plugin/agent/call/server.ts", "pino", "packages-of-the-agent"],
  ["plugin/install/choice.ts", "yaml", "yaml-of-kubeconfigs"],
  ["cni/lost.ts", "./nowhere.ts", "no-unresolved"],
] as const;

/** [the file, what it rightly imports] */
const right = [
  ["plugin/front.ts", "../cni/plain.ts"],
  ["ipam/store.ts", "../native/index.ts"],
  ["plugin/mesh/values.ts", "../../native/index.ts"],
  ["ip/parse-bytes.ts", "ip-num"],
  ["plugin/agent/telemetry/log.ts", "pino"],
  ["plugin/kubernetes/api/kubeconfig.ts", "yaml"],
  ["native/socket.ts", "./binding.ts"],
  ["native/index.ts", "./socket.ts"],
  ["native/key.ts", "node:crypto"],
  ["plugin/mesh/keys.ts", "node:crypto"],
  ["plugin/install/trial.ts", "node:child_process"],
  ["test/case.ts", "../plugin/front.ts"],
] as const;

/** No file needs itself, but each of the two rooms needs the other. */
const knot = [
  ["plugin/upper/one.ts", "../lower/plain.ts"],
  ["plugin/lower/two.ts", "../upper/plain.ts"],
] as const;

const plain = [
  "plugin/upper/plain.ts",
  "plugin/lower/plain.ts",
  "cni/plain.ts",
  "native/bytes.ts",
  "native/binding.ts",
  "ipam/plain.ts",
  "native/route/client.ts",
  "plugin/plain.ts",
  "test/plain.ts",
];

interface Report {
  summary: {
    violations: { from: string; rule: { name: string } }[];
  };
}

describe("the arrow check", () => {
  let house: string;
  let violations: string[];

  beforeAll(() => {
    house = mkdtempSync(join(tmpdir(), "crosslink-arrows-"));
    for (const file of plain) write(house, file, "export const a = 1;\n");
    for (const [file, imported] of [...wrong, ...right])
      write(house, file, `export * from "${imported}";\n`);
    write(house, "cni/second.ts", `export * from "./first.ts";\n`);
    for (const [file, imported] of knot)
      write(house, file, `export * from "${imported}";\n`);
    write(house, "tsconfig.json", "{}\n");
    symlinkSync(join(root, "node_modules"), join(house, "node_modules"));
    violations = cruise(house).summary.violations.map(
      ({ from, rule }) => `${from} ${rule.name}`,
    );
  });

  afterAll(() => {
    rmSync(house, { recursive: true });
  });

  test.each(wrong)("%s must not import %s: %s", (file, _imported, rule) => {
    expect(violations).toContain(`${file} ${rule}`);
  });

  test("two rooms must not import each other", () => {
    expect(violations).toContain("plugin/upper rooms-in-order");
    expect(violations).toContain("plugin/lower rooms-in-order");
  });

  test.each(right)("%s may import %s", (file) => {
    expect(violations.filter((line) => line.startsWith(`${file} `))).toEqual(
      [],
    );
  });
});

function write(house: string, file: string, text: string): void {
  mkdirSync(dirname(join(house, file)), { recursive: true });
  writeFileSync(join(house, file), text);
}

function cruise(house: string): Report {
  const config = join(root, ".config/dependency-cruiser.cjs");
  const rooms = readdirSync(house).filter((name) => /^[a-z]+$/u.test(name));
  const output = execFileSync(
    join(root, "node_modules/.bin/depcruise"),
    ["--config", config, "--output-type", "json", ...rooms],
    { cwd: house, encoding: "utf8" },
  );
  return JSON.parse(output) as Report;
}
