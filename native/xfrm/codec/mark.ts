import { type Attribute, attrBytes, attrU32 } from "../../attribute.ts";
import { decode, encode } from "../../layout.ts";
import { XFRMA_IF_ID, XFRMA_MARK } from "../constants.ts";
import type { Mark } from "../selector.ts";
import { xfrmMark } from "../structs.ts";

/** `XFRMA_MARK` and `XFRMA_IF_ID`, in the order `ip xfrm` has them, where they are set. */
export function markAttributes(of: {
  readonly mark?: Mark;
  readonly ifId?: number;
}): Attribute[] {
  const { mark, ifId } = of;
  const list: Attribute[] = [];
  if (mark !== undefined)
    list.push(
      attrBytes(XFRMA_MARK, encode(xfrmMark, { v: mark.value, m: mark.mask })),
    );
  if (ifId !== undefined) list.push(attrU32(XFRMA_IF_ID, ifId));
  return list;
}

/** Reads `struct xfrm_mark`. Throws RangeError when it is too short. */
export function readMark(value: Uint8Array): Mark {
  const { v, m } = decode(xfrmMark, value);
  return { value: v, mask: m };
}
