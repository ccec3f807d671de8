import { describe, expect, it } from "vitest";
import {
  XFRM_MSG_DELPOLICY,
  XFRM_MSG_DELSA,
  XFRM_MSG_FLUSHPOLICY,
  XFRM_MSG_FLUSHSA,
  XFRM_MSG_NEWPOLICY,
  XFRM_MSG_NEWSA,
  XFRM_MSG_UPDPOLICY,
  XFRM_MSG_UPDSA,
} from "../../../../../native/xfrm/constants.ts";
import { judgeXfrm } from "../../../../../plugin/agent/watch/xfrm.ts";

/** Bytes of a struct of the kernel's, zero but for the SPI, which is big-endian and at that offset. */
function withSpi(size: number, offset: number, spi: number): Uint8Array {
  const body = new Uint8Array(size);
  new DataView(body.buffer).setUint32(offset, spi);
  return body;
}

/** struct xfrm_usersa_id, of DELSA. */
const id = (spi: number) => withSpi(24, 16, spi);

/** struct xfrm_usersa_info, of UPDSA. */
const info = (spi: number) => withSpi(224, 72, spi);

function judge(type: number, body: Uint8Array = new Uint8Array(0)) {
  return judgeXfrm({ type, flags: 0, sequence: 0, portId: 0, body });
}

describe("judgeXfrm()", () => {
  it.each([0x100, 0xbfffffff, 0xd0000000, 0xffffffff])(
    "takes the loss and the change of the SA with the SPI %i for harm",
    (spi) => {
      expect(judge(XFRM_MSG_DELSA, id(spi))).toBe("harm");
      expect(judge(XFRM_MSG_UPDSA, info(spi))).toBe("harm");
    },
  );

  it.each([0xc0000000, 0xc9abcdef, 0xcfffffff])(
    "leaves charon's SA with the SPI %i to who looks after charon",
    (spi) => {
      expect(judge(XFRM_MSG_DELSA, id(spi))).toBe("nothing");
      expect(judge(XFRM_MSG_UPDSA, info(spi))).toBe("nothing");
    },
  );

  it("takes for harm what it cannot read", () => {
    expect(judge(XFRM_MSG_DELSA, new Uint8Array(23))).toBe("harm");
    expect(judge(XFRM_MSG_UPDSA, id(0xc0000000))).toBe("harm");
  });

  it.each([
    ["policies", XFRM_MSG_DELPOLICY],
    ["policies", XFRM_MSG_UPDPOLICY],
    ["all policies", XFRM_MSG_FLUSHPOLICY],
    ["all SAs", XFRM_MSG_FLUSHSA],
  ])("takes a change of %s for harm (%i)", (_, type) => {
    expect(judge(type, withSpi(168, 16, 0xc0000000))).toBe("harm");
  });

  it("takes nothing for harm that is added", () => {
    expect(judge(XFRM_MSG_NEWSA, info(0x100))).toBe("nothing");
    expect(judge(XFRM_MSG_NEWPOLICY)).toBe("nothing");
  });
});
