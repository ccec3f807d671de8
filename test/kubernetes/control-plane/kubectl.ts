import { execFile } from "node:child_process";

/** An object of Kubernetes, as far as everybody's goes. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly [word: string]: unknown;
  };
  readonly [word: string]: unknown;
}

/** kubectl against one cluster. */
export interface Kubectl {
  /** Runs it; what it printed. Throws what it said where it fails. */
  readonly run: (...words: readonly string[]) => Promise<string>;
  /** `kubectl get … -o json`. */
  readonly get: (...words: readonly string[]) => Promise<any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- tests read JSON that programs printed
  /** `kubectl apply`, of objects or of a file. */
  readonly apply: (what: readonly Manifest[] | string) => Promise<void>;
  /** Whether the API server is ready. */
  readonly isReady: () => Promise<boolean>;
}

/** @param program its path */
export function kubectl(program: string, config: string): Kubectl {
  const base = ["--kubeconfig", config];
  const run: Kubectl["run"] = (...words) =>
    execute(program, [...base, ...words]);
  return {
    run,
    get: async (...words) =>
      JSON.parse(await run("get", ...words, "-o", "json")) as unknown,
    apply: async (what) => {
      const isFile = typeof what === "string";
      const input = isFile
        ? ""
        : JSON.stringify({ apiVersion: "v1", kind: "List", items: what });
      // Calico's definitions are larger than what an annotation may hold.
      const words = [
        ...base,
        "apply",
        "--server-side",
        "--force-conflicts",
        // The server says what it does not know; asking for all of its kinds each time takes a busy machine seconds.
        "--validate=false",
        "-f",
        isFile ? what : "-",
      ];
      await execute(program, words, input);
    },
    isReady: () =>
      run("get", "--raw", "/readyz").then(
        (text) => text === "ok",
        () => false,
      ),
  };
}

function execute(
  program: string,
  words: readonly string[],
  input = "",
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
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
    // Where it fails early it reads no input, and says why.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
}
