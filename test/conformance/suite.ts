import { supportedVersions } from "../../cni/version.ts";
import { namespace } from "../support/namespace.ts";
import { run } from "./call.ts";
import type { Check, Outcome } from "./check.ts";
import { checksFor } from "./registry.ts";
import type { Versions } from "./setting.ts";
import { createSetting } from "./create-setting.ts";
import { Failed, Skipped } from "./verdict.ts";
import type { Subject } from "./subject.ts";

/** What a run of the suite is told besides its subject. */
export interface SuiteOptions {
  /** Only checks whose name holds this text. */
  readonly only?: string;
  /** How many checks run at the same time; each has namespaces of its own, and most of its time is waiting. */
  readonly jobs?: number;
  /** Called for each check, in their order. */
  readonly progress?: (outcome: Outcome) => void;
}

/** Runs every check that concerns the plugin. */
export async function runSuite(
  subject: Subject,
  { only = "", jobs = 1, progress }: SuiteOptions = {},
): Promise<Outcome[]> {
  const versions = await askVersions(subject);
  const checks = checksFor(subject).filter(({ name }) => name.includes(only));
  const outcomes: Outcome[] = [];
  let told = 0;
  await atOnce(jobs, checks.entries(), async ([index, check]) => {
    outcomes[index] = await runCheck(check, subject, versions);
    for (let next; (next = outcomes[told]) !== undefined; told++) {
      progress?.(next);
    }
  });
  return outcomes;
}

/** Workers that share one iterator: each takes the next item when it is done with its last. */
async function atOnce<Item>(
  workers: number,
  items: Iterator<Item> & Iterable<Item>,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const worker = async (): Promise<void> => {
    for (const item of items) await work(item);
  };
  await Promise.all(Array.from({ length: workers }, worker));
}

async function runCheck(
  check: Check,
  subject: Subject,
  versions: Versions,
): Promise<Outcome> {
  const started = performance.now();
  const unasked = reasonNotToAsk(check, versions);
  const verdict =
    unasked === undefined
      ? await judge(check, subject, versions)
      : { status: "skipped" as const, reason: unasked };
  const milliseconds = Math.round(performance.now() - started);
  return { check, ...verdict, milliseconds };
}

async function judge(
  check: Check,
  subject: Subject,
  versions: Versions,
): Promise<Pick<Outcome, "status" | "reason">> {
  try {
    await using setting = createSetting(subject, versions);
    await check.run(setting);
    return { status: "passed" };
  } catch (error) {
    if (error instanceof Skipped) {
      return { status: "skipped", reason: error.message };
    }
    const fact = error instanceof Error ? error.message : String(error);
    // Also when a base plugin or a script failed: an unproven sentence is not a kept one
    const broken = error instanceof Failed ? "" : "Cannot run the check: ";
    return { status: "failed", reason: `${broken}${fact}` };
  }
}

/** A plugin need not speak every version; it is asked what it says it can. */
function reasonNotToAsk(
  { name, since }: Check,
  { subject }: Versions,
): string | undefined {
  const [, version] = /^result\/(\d.*)$/.exec(name) ?? [];
  if (version !== undefined && !subject.includes(version)) {
    return `the plugin does not support ${version}`;
  }
  const first = supportedVersions.indexOf(since ?? "0.1.0");
  const newest = supportedVersions.indexOf(subject.at(-1) ?? "0.1.0");
  return newest < first
    ? `the plugin supports no version since ${since ?? ""}`
    : undefined;
}

/** Oldest first, and only those that this suite knows. */
async function askVersions({ file, base }: Subject): Promise<Versions> {
  return {
    subject: await askVersion(file),
    base: await Promise.all(base.map((plugin) => askVersion(plugin.file))),
  };
}

async function askVersion(file: string): Promise<string[]> {
  using host = namespace();
  const answer = await run({
    file,
    host,
    environment: { CNI_COMMAND: "VERSION" },
    stdin: "",
  });
  const said = answer.object?.["supportedVersions"];
  const known = supportedVersions.filter(
    (version) => Array.isArray(said) && said.includes(version),
  );
  // A plugin without VERSION is older than that command: SPEC.md 0.2.0
  return known.length > 0 ? known : ["0.1.0"];
}
