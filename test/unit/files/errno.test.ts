import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { isErrno } from "../../../files/errno.ts";

function thrownBy(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

test("isErrno() tells a system call's errors apart", () => {
  const error = thrownBy(() => readFileSync("/nowhere/at/all"));
  expect(isErrno(error)).toBe(true);
  expect(isErrno(error, "ENOENT")).toBe(true);
  expect(isErrno(error, "EEXIST", "ENOENT")).toBe(true);
  expect(isErrno(error, "EEXIST")).toBe(false);
});

test("isErrno() takes nothing else for one", () => {
  const invalid = thrownBy(() => readFileSync("a\0b"));
  expect(isErrno(invalid)).toBe(false);
  expect(isErrno(Object.assign(new Error("no"), { code: "ENOENT" }))).toBe(
    false,
  );
  expect(isErrno("ENOENT", "ENOENT")).toBe(false);
});
