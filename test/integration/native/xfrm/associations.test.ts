import { expect, test } from "vitest";
import { NetlinkError } from "../../../../native/error.ts";
import { openXfrm } from "../../../../native/xfrm/client.ts";
import { missingAlgorithm } from "../../../../native/xfrm/missing-algorithm.ts";
import { binding } from "../../../support/binding.ts";
import { namespace } from "../../../support/namespace.ts";
import { association } from "../../../support/xfrm/xfrm.ts";

test("a kernel without GCM says so, and missingAlgorithm() understands it", ({
  skip,
}) => {
  using netns = namespace();
  const xfrm = openXfrm(binding, { netns: netns.fd });
  const [error] = xfrm.addAssociations([association]);
  expect(xfrm.associations()).toHaveLength(error === undefined ? 1 : 0);
  xfrm.close();
  if (error === undefined)
    skip("needs a kernel without CONFIG_INET_ESP or CONFIG_CRYPTO_GCM");
  expect(error).toBeInstanceOf(NetlinkError);
  expect(error?.message).toBe(
    "Cannot add SA 0x010000ba from 172.17.1.2 to 203.0.113.2: XFRM_MSG_NEWSA: ENOSYS (Function not implemented): Requested AEAD algorithm not found",
  );
  expect(missingAlgorithm(error)).toMatchObject({
    name: "AEAD algorithm rfc4106(gcm(aes))",
    modules: ["gcm", "ctr", "ghash-generic"],
  });
});

test("what is not there is ESRCH to delete and undefined to get", () => {
  using netns = namespace();
  const xfrm = openXfrm(binding, { netns: netns.fd });
  expect(() => {
    xfrm.deleteAssociation(association);
  }).toThrow(expect.objectContaining({ code: "ESRCH" }));
  expect(xfrm.getAssociation(association)).toBeUndefined();
  expect(xfrm.associations()).toEqual([]);
  expect(xfrm.countAssociations()).toBe(0);
  xfrm.close();
});
