import { constants } from "node:os";
import { describe, expect, it } from "vitest";
import { errnoName, ignoring, NetlinkError } from "../../../native/error.ts";

const attempt = {
  operation: "XFRM_MSG_NEWSA",
  action: () => "add SA 0x00001001 to 10.0.0.2",
};

describe("NetlinkError", () => {
  it("says what failed, the errno and the kernel's own words", () => {
    const error = new NetlinkError(attempt, constants.errno.EEXIST, {
      message: "Key exists",
      offset: 36,
    });
    expect(error.message).toBe(
      "Cannot add SA 0x00001001 to 10.0.0.2: XFRM_MSG_NEWSA: EEXIST (File exists): Key exists, at byte 36 of the request",
    );
    expect(error).toMatchObject({
      operation: "XFRM_MSG_NEWSA",
      errno: 17,
      code: "EEXIST",
      name: "NetlinkError",
    });
  });

  it("does without an action, and without an extended ack", () => {
    const error = new NetlinkError(
      { operation: "RTM_GETLINK" },
      constants.errno.ENODEV,
    );
    expect(error.message).toBe("Cannot RTM_GETLINK: ENODEV (No such device)");
    expect(Object.keys(error)).not.toContain("extack");
  });

  it("has words for an errno that it has no own words for", () => {
    expect(
      new NetlinkError({ operation: "X" }, constants.errno.EMLINK).message,
    ).toBe("Cannot X: EMLINK (too many links)");
  });
});

describe("errnoName()", () => {
  it("names every errno that the system knows", () => {
    for (const [name, errno] of Object.entries(constants.errno))
      expect(
        constants.errno[errnoName(errno) as keyof typeof constants.errno],
        name,
      ).toBe(errno);
  });

  it("prefers the names that netlink people use", () => {
    expect([errnoName(11), errnoName(95), errnoName(524)]).toEqual([
      "EAGAIN",
      "EOPNOTSUPP",
      "ENOTSUPP",
    ]);
    expect(errnoName(9999)).toBe("errno 9999");
  });
});

describe("ignoring()", () => {
  it("turns the codes named into undefined and lets the rest through", () => {
    const fail = (errno: number) => (): number => {
      throw new NetlinkError(attempt, errno);
    };
    const gone: unknown = ignoring(["ESRCH"], fail(constants.errno.ESRCH));
    expect(gone).toBeUndefined();
    expect(() => ignoring(["ESRCH"], fail(constants.errno.EPERM))).toThrow(
      "EPERM",
    );
    const other = (): number => {
      throw new TypeError("other");
    };
    expect(() => ignoring(["ESRCH"], other)).toThrow(TypeError);
    expect(ignoring(["ESRCH"], () => 7)).toBe(7);
  });
});
