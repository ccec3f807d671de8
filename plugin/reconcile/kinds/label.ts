import { type Handling, oneByOne } from "../handling.ts";
import type { Mended } from "../steps.ts";
import type { NamedLink } from "./link.ts";

/** Marks a pod's host interface with its attachment, or takes the mark away (`text` is empty). */
export interface LabelOperation {
  readonly object: "label";
  readonly verb: "set";
  readonly link: NamedLink;
  readonly text: string;
}

/** Of one link, which has one alias. Somebody else's stays: the mark is a convenience, theirs may be more. */
export function labelOf(
  { index, name }: NamedLink,
  owns: (alias: string) => boolean,
): Mended<string, string, LabelOperation> {
  const set = (text: string): LabelOperation => ({
    object: "label",
    verb: "set",
    link: { index, name },
    text,
  });
  return {
    identity: () => "alias",
    owns,
    equals: (wanted, found) => wanted === found,
    foreign: "yield",
    add: set,
    change: set,
    remove: () => set(""),
  };
}

export const label: Handling<LabelOperation> = {
  words: ({ link, text }) => `alias of ${link.name} "${text}"`,
  take: oneByOne(({ route }, { link, text }) => {
    route.setAlias(link.index, text);
  }),
};
