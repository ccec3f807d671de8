import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Namespace, namespace } from "../support/namespace.ts";
import { type Answer, type Json, run } from "./call.ts";
import { type Container, createContainer } from "./container.ts";
import type { Subject } from "./subject.ts";

/** Which versions the plugin under test and each plugin of the base chain speak. */
export interface Versions {
  readonly subject: readonly string[];
  readonly base: readonly (readonly string[])[];
}

/** The surroundings of one check: an empty host, a scratch folder and a network of its own. */
export interface Site extends AsyncDisposable {
  readonly subject: Subject;
  readonly versions: Versions;
  /** The newest version that the plugin speaks. */
  readonly version: string;
  readonly host: Namespace;
  readonly scratch: string;
  /** The network's name. */
  readonly network: string;
  /** A new container, joined to the base chain's network if there is one. */
  container: (version?: string) => Promise<Container>;
  /** Runs the plugin under test with exactly these variables. */
  call: (
    environment: Readonly<Record<string, string | undefined>>,
    stdin?: string,
  ) => Promise<Answer>;
  /** The plugin's configuration, as the runtime would write it, changed by `changes`. */
  config: (version: string, changes?: Json) => Json;
}

let sites = 0;

/** Makes the surroundings of one check; disposing of them deletes every container first. */
export function createSite(subject: Subject, versions: Versions): Site {
  const host = namespace();
  const scratch = mkdtempSync(join(tmpdir(), "cni-conformance-"));
  const network = `conformance-${process.pid}-${sites++}`;
  try {
    host.shell(`export SCRATCH=${scratch}\n${subject.setup}`);
  } catch (error) {
    host[Symbol.dispose]();
    throw error;
  }
  const containers: Container[] = [];
  const site: Site = {
    subject,
    versions,
    version: versions.subject.at(-1) ?? "0.1.0",
    host,
    scratch,
    network,
    async container(version = site.version) {
      const made = await createContainer(site, version, containers.length);
      containers.push(made);
      return made;
    },
    call: (environment, stdin = "") =>
      run({ file: subject.file, host, environment, stdin }),
    config: (cniVersion, changes = {}) =>
      withoutUndefined({
        ...subject.config(scratch),
        cniVersion,
        name: network,
        ...changes,
      }),
    async [Symbol.asyncDispose]() {
      try {
        for (const container of containers.reverse()) await container.remove();
      } finally {
        host[Symbol.dispose]();
        rmSync(scratch, { recursive: true, force: true });
      }
    },
  };
  return site;
}

/** Changes take a key away by giving it the value undefined. */
function withoutUndefined(config: Json): Json {
  return Object.fromEntries(
    Object.entries(config).filter(([, value]) => value !== undefined),
  );
}
