import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { namespace } from "../support/namespace.ts";
import { type Json, run } from "./call.ts";
import { createContainer } from "./container.ts";
import type { Container, Site, Versions } from "./setting.ts";
import type { Subject } from "./subject.ts";

let sites = 0;

/** Makes the surroundings of one check; disposing of them deletes every container first. */
export function createSite(subject: Subject, versions: Versions): Site {
  const host = namespace();
  const scratch = mkdtempSync(join(tmpdir(), "cni-conformance-"));
  const network = `conformance-${process.pid}-${sites++}`;
  try {
    if (subject.setup !== "")
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
