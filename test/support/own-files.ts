/** A node's own files, and its name in them. */
export interface OwnFiles {
  readonly clusters: string;
  readonly keyring: string;
  readonly node: string;
}

/** Which of them a command of the command line takes; all of them, where it is not listed. */
const TAKEN: Readonly<Record<string, readonly (keyof OwnFiles)[]>> = {
  teardown: [],
  keygen: ["keyring"],
  routes: ["clusters", "keyring"],
  forget: ["clusters"],
};

/** The options that make a command work on these files. */
export function ownFiles(command = "", files: OwnFiles): string[] {
  const taken = TAKEN[command] ?? (["clusters", "keyring", "node"] as const);
  return taken.flatMap((name) => [`--${name}`, files[name]]);
}
