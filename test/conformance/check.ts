import type { Setting } from "./setting.ts";
import type { Kind } from "./subject.ts";

/** One sentence of the specification, as something that a plugin does or doesn't do. */
export interface Check {
  /** Topic and what is checked, such as "del/twice". Unique. */
  readonly name: string;
  /** Where SPEC.md 1.1.0 says so: section and heading. */
  readonly clause: string;
  /** The specification's word. What only libcni or common sense demands is a SHOULD. */
  readonly level: "MUST" | "SHOULD";
  /** Kinds of plugins that the sentence is about; default all. */
  readonly kinds?: readonly Kind[];
  /** The oldest version of the specification with this; plugins without it are not asked. */
  readonly since?: string;
  /** Does it; throws a Failed when the plugin breaks the sentence. */
  readonly run: (setting: Setting) => Promise<void>;
}

/** The checks, each of them about something that came with `version`. */
export function since(version: string, checks: readonly Check[]): Check[] {
  return checks.map((check) => ({ since: version, ...check }));
}

/** What became of a check. */
export interface Outcome {
  readonly check: Check;
  readonly status: "passed" | "failed" | "skipped";
  /** Why it failed or was skipped. */
  readonly reason?: string;
  readonly milliseconds: number;
}
