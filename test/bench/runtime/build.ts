import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const source = join(import.meta.dirname, "main.go");
const folder = fileURLToPath(new URL("../../results/runtime", import.meta.url));
const program = join(folder, "runtime");

/**
 * Builds the program that starts plugins, unless it is there.
 * It is Go, as every container runtime is: starting a process from Node takes some two milliseconds more, which would
 * hide most of the differences.
 */
export function runtimeProgram(): string {
  if (isOlder(program, source)) build();
  return program;
}

function isOlder(built: string, from: string): boolean {
  return !existsSync(built) || statSync(built).mtimeMs < statSync(from).mtimeMs;
}

function build(): void {
  mkdirSync(folder, { recursive: true });
  const env = {
    PATH: "/usr/bin:/bin",
    GO111MODULE: "off",
    GOCACHE: join(folder, "cache"),
    GOTOOLCHAIN: "local",
    CGO_ENABLED: "0",
  };
  execFileSync("go", ["build", "-o", program, source], { env });
}
