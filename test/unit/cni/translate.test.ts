import { describe, expect, it } from "vitest";
import { CniError } from "../../../cni/error.ts";
import { toCniError } from "../../../cni/translate.ts";

function coded(code: string, facts: object = {}): Error {
  return Object.assign(new Error(`${code}: refused`), { code, ...facts });
}

describe("toCniError()", () => {
  it("leaves a CniError as it is", () => {
    const error = new CniError(50, "not ready", { details: "wait" });
    expect(toCniError(error, "complete STATUS")).toBe(error);
  });

  it.each([
    ["EBUSY", 11],
    ["EAGAIN", 11],
    ["ENOBUFS", 11],
    ["EINTR", 11],
    ["ENOMEM", 11],
    ["ENOSPC", 5],
    ["EROFS", 5],
    ["EIO", 5],
    ["EPERM", 105],
    ["EACCES", 105],
    ["EPROTONOSUPPORT", 102],
    ["EINVAL", 101],
    ["E2BIG", 101],
    ["ERR_INVALID_ARG_TYPE", 100],
    ["nonsense", 100],
  ])("gives %s the code %i", (name, code) => {
    const error = coded(name);
    const translated = toCniError(error, "complete ADD");
    expect(translated.code).toBe(code);
    expect(translated.cause).toBe(error);
    expect(translated.message).toBe(`Cannot complete ADD: ${name}: refused`);
  });

  it("takes ENOENT of a file for an I/O error, of the kernel's for its own", () => {
    expect(toCniError(coded("ENOENT", { path: "/x" }), "a").code).toBe(5);
    expect(toCniError(coded("ENOENT"), "a").code).toBe(101);
  });

  it("lists the facts: operation, errno, extended ack, file", () => {
    const netlink = coded("EEXIST", {
      operation: "XFRM_MSG_NEWPOLICY",
      extack: { message: "Policy already exists" },
    });
    expect(toCniError(netlink, "a").details).toBe(
      "operation: XFRM_MSG_NEWPOLICY; errno: EEXIST; kernel: Policy already exists. See `dmesg | tail`, and report it where that does not tell",
    );
    const file = coded("EROFS", { syscall: "open", path: "/run/x" });
    expect(toCniError(file, "a").details).toBe(
      "errno: EROFS; syscall: open; path: /run/x. The file system is mounted read-only: remount it writable",
    );
  });

  it("doesn't say Cannot twice", () => {
    const error = Object.assign(new Error("Cannot add route: EBUSY"), {
      code: "EBUSY",
    });
    expect(toCniError(error, "complete ADD").message).toBe(
      "Cannot add route: EBUSY",
    );
  });

  it.each([
    [new TypeError("x is not a function"), "TypeError"],
    ["a string", "string"],
    [undefined, "undefined"],
    [null, "object"],
    [Object.create(null), "object"],
    [Symbol("s"), "symbol"],
  ])("calls anything else a fault of ours", (thrown, name) => {
    const translated = toCniError(thrown, "complete ADD");
    expect(translated.code).toBe(100);
    expect(translated.details).toContain(name);
  });
});
