import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const script = fileURLToPath(new URL("../../../.ci/packages", import.meta.url));
const list = fileURLToPath(
  new URL("../../../.ci/debian-packages", import.meta.url),
);

function run(...words: readonly string[]) {
  return spawnSync("bash", [script, ...words], { encoding: "utf8" });
}

function packages(...words: readonly string[]): string[] {
  const { status, stdout } = run(...words);
  expect(status).toBe(0);
  return stdout.trim().split("\n");
}

/** What a guest is made of, and the second runtime: where systems differ. */
const told = [
  "busybox-static",
  "crun",
  "kmod",
  "linux-image-cloud-amd64",
  "linux-image-virtual",
  "podman",
  "qemu-system-x86",
  "virtiofsd",
  "xz-utils",
  "zstd",
];

describe(".ci/packages", () => {
  test.each([
    [
      ["amd64", "debian", "12"],
      [
        "busybox-static",
        "crun",
        "kmod",
        "linux-image-cloud-amd64",
        "podman",
        "qemu-system-x86",
      ],
    ],
    [
      ["amd64", "debian", "13"],
      [
        "busybox-static",
        "kmod",
        "linux-image-cloud-amd64",
        "qemu-system-x86",
        "virtiofsd",
        "xz-utils",
      ],
    ],
    [
      ["amd64", "ubuntu", "24.04"],
      [
        ...["busybox-static", "crun", "kmod", "linux-image-virtual", "podman"],
        ...["qemu-system-x86", "virtiofsd", "zstd"],
      ],
    ],
    [
      ["arm64", "debian", "12"],
      ["crun", "podman"],
    ],
  ])("%j needs of those that not all systems have: %j", (system, needed) => {
    const found = packages("test", ...system);
    expect(found.filter((name) => told.includes(name)).sort()).toEqual(needed);
  });

  test("a step needs what those before it need", () => {
    const here = ["amd64", "debian", "12"];
    const [build, demo, all] = ["build", "demo", "test"].map((step) =>
      packages(step, ...here),
    );
    expect(build).toContain("gcc");
    expect(build).not.toContain("tcpdump");
    expect(demo).toEqual(expect.arrayContaining([...(build ?? []), "tcpdump"]));
    expect(demo).not.toContain("strace");
    expect(all).toEqual(expect.arrayContaining([...(demo ?? []), "strace"]));
  });

  test("a system's number is needed whole", () => {
    expect(packages("demo", "amd64", "debian", "1")).not.toContain("virtiofsd");
    expect(packages("demo", "amd64", "debian", "")).not.toContain("virtiofsd");
  });

  test("every line of the list is somebody's", () => {
    const names = readFileSync(list, "utf8")
      .split("\n")
      .filter((line) => /^[a-z]/.test(line))
      .map((line) => line.split(/\s/)[0]);
    const systems = [
      ["amd64", "debian", "12"],
      ["amd64", "debian", "13"],
      ["amd64", "ubuntu", "24.04"],
    ];
    const found = new Set(
      systems.flatMap((system) => packages("test", ...system)),
    );
    expect([...found].sort()).toEqual([...new Set(names)].sort());
  });

  test("an unknown step is refused, by .ci/setup too", () => {
    const setup = script.replace(/packages$/, "setup");
    expect(spawnSync("bash", [setup, "nonsense"]).status).toBe(2);
    const { status, stderr } = run("nonsense", "amd64", "debian", "12");
    expect([status, stderr]).toEqual([
      2,
      "Cannot set up 'nonsense': it is none of build, demo, test\n",
    ]);
  });
});
