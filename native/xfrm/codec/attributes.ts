import { u16 } from "../../field.ts";

const HEADER = 4;
const TYPE_MASK = 0x3fff;

/** An attribute's type, and where in the view its value starts and ends. */
export interface AttributeSpan {
  readonly type: number;
  readonly start: number;
  readonly end: number;
}

/**
 * Visits the attributes from `offset` to the end of the view, as decodeAttributeList() does, but in place: a typed array
 * for each attribute is a third of what a dump of policies costs. Throws RangeError on a bad length.
 */
export function eachAttribute(
  view: DataView,
  offset: number,
  visit: (attribute: AttributeSpan) => void,
): void {
  for (let header = offset; header < view.byteLength;) {
    const end = header + lengthAt(view, header);
    const type = u16.read(view, header + 2) & TYPE_MASK;
    visit({ type, start: header + HEADER, end });
    // #define NLA_ALIGN(len) (((len) + NLA_ALIGNTO - 1) & ~(NLA_ALIGNTO - 1))
    header = (end + 3) & ~3;
  }
}

function lengthAt(view: DataView, start: number): number {
  const left = view.byteLength - start;
  const length = left < HEADER ? 0 : u16.read(view, start);
  if (length < HEADER || length > left)
    throw new RangeError(
      `Cannot decode an attribute at ${start}: its length ${length} is not from ${HEADER} to ${left}`,
    );
  return length;
}
