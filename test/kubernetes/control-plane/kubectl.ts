import { execFile } from "node:child_process";

/** kubectl against one cluster. */
export interface Kubectl {
  /** Runs it; what it printed. Throws what it said where it fails. */
  readonly run: (...words: readonly string[]) => Promise<string>;
  /** `kubectl get … -o json`. */
  readonly get: (...words: readonly string[]) => Promise<any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- tests read JSON that programs printed
  /** Whether the API server is ready. */
  readonly isReady: () => Promise<boolean>;
}

/** @param program its path */
export function kubectl(program: string, config: string): Kubectl {
  const run: Kubectl["run"] = (...words) =>
    execute(program, ["--kubeconfig", config, ...words]);
  return {
    run,
    get: async (...words) =>
      JSON.parse(await run("get", ...words, "-o", "json")) as unknown,
    isReady: () =>
      run("get", "--raw", "/readyz").then(
        (text) => text === "ok",
        () => false,
      ),
  };
}

function execute(program: string, words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      program,
      words,
      { maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else
          reject(
            new Error(
              `Cannot ${words.slice(2).join(" ")}: ${stderr || error.message}`,
            ),
          );
      },
    );
  });
}
