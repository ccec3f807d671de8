import type { Conversation } from "../conversation.ts";
import { ignoring, NetlinkError } from "../error.ts";
import { RTM_GETLINK } from "./constants.ts";
import { decodeLink, encodeLinkQuery, type Link } from "./link.ts";

/** By index, name or alternative name; undefined where there is none. Throws NetlinkError. */
export function getLink(
  conversation: Conversation,
  which: number | string,
): Link | undefined {
  // Index 0 and the empty name would ask for nothing in particular.
  if (which === 0 || which === "") return undefined;
  const get = {
    operation: "RTM_GETLINK",
    type: RTM_GETLINK,
    body: encodeLinkQuery(which),
    action: () => `look for device "${which}"`,
  };
  const found = ignoring(["ENODEV"], () => conversation.ask(get));
  return found && decodeLink(found.body);
}

/** Runs `work`. Where the kernel refuses it, the error names the device, whose index says nothing to an admin. */
export function naming<Value>(
  conversation: Conversation,
  index: number,
  what: string,
  work: () => Value,
): Value {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    throw withName(conversation, index, what, error);
  }
}

/** The same of an error that came back with others. */
export function withName(
  conversation: Conversation,
  index: number,
  what: string,
  error: NetlinkError,
): NetlinkError {
  const { operation, errno, extack } = error;
  const name = nameOf(conversation, index, error);
  const action = (): string => `${what} ${name}`;
  return new NetlinkError({ operation, action }, errno, extack);
}

function nameOf(
  conversation: Conversation,
  index: number,
  error: NetlinkError,
): string {
  // Who does not answer would not answer this either.
  const find = () =>
    error.code === "ETIMEDOUT" ? undefined : getLink(conversation, index);
  const link = ignoring(UNKNOWN, find);
  return link === undefined
    ? `a device that is not there (index ${String(index)})`
    : `device ${link.name}`;
}

const UNKNOWN = ["ETIMEDOUT", "EPERM", "EACCES", "ENOBUFS", "EINVAL"];
