import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { namespace } from "../support/namespace.ts";
import { type Json, run } from "./call.ts";
import { createContainer } from "./container.ts";
import type { Container, Setting, Versions } from "./setting.ts";
import type { Subject } from "./subject.ts";

let settings = 0;

/** Makes the surroundings of one check; disposing of them deletes every container first. */
export function createSetting(subject: Subject, versions: Versions): Setting {
  const host = namespace();
  const scratch = mkdtempSync(join(tmpdir(), "cni-conformance-"));
  const network = `conformance-${process.pid}-${settings++}`;
  try {
    if (subject.setup !== "")
      host.shell(`export SCRATCH=${scratch}\n${subject.setup}`);
  } catch (error) {
    host[Symbol.dispose]();
    throw error;
  }
  const containers: Container[] = [];
  const setting: Setting = {
    subject,
    versions,
    version: versions.subject.at(-1) ?? "0.1.0",
    host,
    scratch,
    network,
    async container(version = setting.version) {
      const made = await createContainer(setting, version, containers.length);
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
  return setting;
}

/** Changes take a key away by giving it the value undefined. */
function withoutUndefined(config: Json): Json {
  return Object.fromEntries(
    Object.entries(config).filter(([, value]) => value !== undefined),
  );
}
