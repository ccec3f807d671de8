import type { Check } from "./check.ts";
import { addChecks } from "./checks/add.ts";
import { checkChecks } from "./checks/check.ts";
import { configurationChecks } from "./checks/configuration.ts";
import { delChecks } from "./checks/del.ts";
import { environmentChecks } from "./checks/environment.ts";
import { errorChecks } from "./checks/error.ts";
import { gcChecks } from "./checks/gc.ts";
import { parallelChecks } from "./checks/parallel.ts";
import { resultChecks } from "./checks/result.ts";
import { statusChecks } from "./checks/status.ts";
import { versionChecks } from "./checks/version.ts";
import type { Subject } from "./subject.ts";

/** Every check that concerns a plugin of this kind, in the order of the report. */
export function checksFor(subject: Subject): readonly Check[] {
  return [
    ...versionChecks,
    ...environmentChecks,
    ...configurationChecks,
    ...errorChecks,
    ...resultChecks,
    ...addChecks,
    ...delChecks,
    ...checkChecks(subject),
    ...gcChecks,
    ...statusChecks,
    ...parallelChecks,
  ].filter(({ kinds }) => kinds === undefined || kinds.includes(subject.kind));
}
