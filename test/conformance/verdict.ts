import type { Answer, Json } from "./call.ts";

/** The plugin broke a sentence of the specification. */
export class Failed extends Error {
  override readonly name = "Failed";
}

/** The check has nothing to say about this plugin. */
export class Skipped extends Error {
  override readonly name = "Skipped";
}

/** The answer is exit code 0 and exactly one JSON object on stdout. */
export function expectResult(answer: Answer): Json {
  expectSuccess(answer);
  if (answer.object !== undefined) return answer.object;
  throw failed(answer, "stdout is not one JSON object");
}

/** The answer is exit code 0 and nothing on stdout. */
export function expectSilence(answer: Answer): void {
  expectSuccess(answer);
  if (answer.stdout === "") return;
  throw failed(answer, "stdout is not empty");
}

/** The answer is exit code 0. */
export function expectSuccess(answer: Answer): void {
  if (answer.status === 0) return;
  throw failed(answer, "it failed");
}

/**
 * The answer is another exit code and one error object on stdout, with a numeric code and a
 * message.
 *
 * @param codes the codes that it may have; any when there are none
 */
export function expectError(answer: Answer, ...codes: number[]): Json {
  if (answer.status === 0) throw failed(answer, "it succeeded");
  if (answer.status === null) throw failed(answer, "it was killed");
  const { object } = answer;
  if (object === undefined) {
    throw failed(answer, "stdout is not one JSON object");
  }
  const { code, msg } = object;
  if (!Number.isInteger(code)) throw failed(answer, "code is no integer");
  if (typeof msg !== "string") throw failed(answer, "msg is no string");
  if (codes.length === 0 || codes.includes(code as number)) return object;
  throw failed(answer, `code is ${String(code)}, want ${codes.join(" or ")}`);
}

/** Fails with `fact` unless `condition` holds. */
export function expectThat(condition: boolean, fact: string): void {
  if (!condition) throw new Failed(fact);
}

/** A failure that quotes what the plugin said. */
export function failed(answer: Answer, fact: string): Failed {
  const { command, status, stdout, stderr } = answer;
  const quote = (text: string): string => JSON.stringify(text.slice(0, 300));
  return new Failed(
    `${command}: ${fact} (exit code ${String(status)}, stdout ${quote(stdout)}, stderr ${quote(stderr)})`,
  );
}
