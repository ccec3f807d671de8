import type { Binding } from "../binding.ts";
import type { Conversation } from "../conversation.ts";
import { NETLINK_NETFILTER, openConversation } from "../socket.ts";
import type { NamespaceOption } from "../socket.ts";
import { decodeEntry, deleteEntry, dumpEntries } from "./entry.ts";
import type { ConntrackEntry, EntryFilter, EntryName } from "./entry.ts";

/** Connection tracking in one network namespace. */
export interface ConntrackClient {
  /** The entries of a family (`AF_INET`, `AF_INET6`) that the filter lets through. */
  entries(family: number, filter?: EntryFilter): ConntrackEntry[];
  /** Deletes these; those that are gone already do not count. Returns how many were deleted. Throws NetlinkError. */
  deleteAll(names: readonly EntryName[]): number;
  close(): void;
}

/** Opens a client of the namespace. Throws NetlinkError. */
export function openConntrack(
  binding: Binding,
  options: NamespaceOption = {},
): ConntrackClient {
  return conntrackOver(openConversation(binding, NETLINK_NETFILTER, options));
}

/** A client over a conversation that is already there, which it then owns. */
function conntrackOver(conversation: Conversation): ConntrackClient {
  return {
    entries: (family, filter = {}) =>
      conversation
        .dump(dumpEntries(family, filter))
        .map(({ body }) => decodeEntry(body))
        .filter((entry) => entry.family === family)
        .filter((entry) => passes(entry, filter)),
    deleteAll: (names) => {
      const errors = conversation.executeAll(names.map(deleteEntry));
      const refused = errors.find(
        (error) => error !== undefined && error.code !== "ENOENT",
      );
      if (refused !== undefined) throw refused;
      return errors.filter((error) => error === undefined).length;
    },
    close: () => {
      conversation.close();
    },
  };
}

function passes(entry: ConntrackEntry, { status }: EntryFilter): boolean {
  return status === undefined || (entry.status & status) === status;
}
