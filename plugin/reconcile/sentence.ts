import type { DeviceNames } from "./device-names.ts";
import { handlingOf } from "./kinds.ts";
import type { Operation } from "./operation.ts";

/** As in a diff: adds, removes, changes. */
export type Sign = "+" | "-" | "~";

const SIGNS: Readonly<Record<Operation["verb"], Sign>> = {
  add: "+",
  change: "~",
  update: "~",
  replace: "~",
  set: "~",
  delete: "-",
};

/** What a step does, in one character. */
export function signOf({ verb }: Operation): Sign {
  return SIGNS[verb];
}

/** The object of a step in an admin's words, without any key. */
export function describeOperation(
  operation: Operation,
  names?: DeviceNames,
): string {
  return "sentence" in operation
    ? operation.sentence
    : handlingOf(operation).words(operation, names);
}

/** A step with its verb: "add policy out …". */
export function describeStep(
  operation: Operation,
  names?: DeviceNames,
): string {
  return `${operation.verb} ${describeOperation(operation, names)}`;
}
