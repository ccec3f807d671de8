import { expect, test } from "vitest";
import { NetlinkError } from "../../../../native/error.ts";
import { missingAlgorithm } from "../../../../native/xfrm/missing-algorithm.ts";

const newSa = { operation: "XFRM_MSG_NEWSA" };
const ENOENT = 2;
const ENOSYS = 38;
const EPROTONOSUPPORT = 93;

// Errno and text as kernels 6.1 and 6.18 gave them, with one module after the other left out.
test.each([
  [ENOSYS, "Requested AEAD algorithm not found", "gcm"],
  [EPROTONOSUPPORT, "Requested type not found", "esp4"],
  [ENOENT, "Kernel was unable to initialize cryptographic operations", "seqiv"],
])("missingAlgorithm() explains errno %i, %s: %s", (errno, message, module) => {
  const said = missingAlgorithm(new NetlinkError(newSa, errno, { message }));
  expect(said?.modules).toContain(module);
  expect(said?.remedy).toContain(module);
  const silent = missingAlgorithm(new NetlinkError(newSa, errno));
  expect(silent).toEqual(said);
});

test("missingAlgorithm() explains a missing xfrm_user", () => {
  const error = new NetlinkError({ operation: "socket" }, EPROTONOSUPPORT);
  expect(missingAlgorithm(error)).toEqual({
    name: "xfrm configuration interface",
    modules: ["xfrm_user"],
    remedy:
      'Load it with "modprobe -a xfrm_user"; a kernel without the module needs CONFIG_XFRM_USER',
  });
});

test.each([
  [
    "another message",
    new NetlinkError(newSa, EPROTONOSUPPORT, {
      message: "Requested mode not found",
    }),
  ],
  ["another errno", new NetlinkError(newSa, 17)],
  [
    "another operation",
    new NetlinkError({ operation: "XFRM_MSG_GETSA" }, ENOSYS),
  ],
  ["another class", new Error("Requested type not found")],
  ["no error", undefined],
])("missingAlgorithm() says nothing of %s", (_, error) => {
  expect(missingAlgorithm(error)).toBeUndefined();
});
