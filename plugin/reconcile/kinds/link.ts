import { type Handling, oneByOne } from "../handling.ts";

/** A device as steps know it. */
export interface NamedLink {
  readonly index: number;
  readonly name: string;
}

/** Of what an earlier version left behind. */
export interface LinkOperation {
  readonly object: "link";
  readonly verb: "delete";
  readonly link: NamedLink;
}

export const link: Handling<LinkOperation> = {
  words: ({ link }) => `device ${link.name}`,
  take: oneByOne(({ route }, { link }) => {
    route.deleteLink(link.index);
  }),
};
