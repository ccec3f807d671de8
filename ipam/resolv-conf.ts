import { closeSync, fstatSync } from "node:fs";
import { CniError, ErrorCode } from "../cni/error.ts";
import type { Dns } from "../cni/result.ts";
import { openReadable, readWithin } from "../files/read.ts";

/** No resolv.conf comes near, in bytes. */
const LIMIT = 1024 * 1024;

/**
 * Reads the name servers, the domain, the search list and the options of a resolv.conf(5).
 *
 * @throws CniError 7 when it is no regular file, or a huge one; a system error when it cannot be read
 */
export function readResolvConf(path: string): Dns {
  const fd = openReadable(path);
  try {
    if (!fstatSync(fd).isFile()) throw unusable(path, "is not a regular file");
    const bytes = readWithin(fd, LIMIT);
    if (bytes === undefined)
      throw unusable(path, `has more than ${LIMIT} bytes`);
    return parseResolvConf(bytes.toString("utf8"));
  } finally {
    closeSync(fd);
  }
}

/** What a resolv.conf(5) says, as host-local reads it: of several domains the last, everything else is collected. */
export function parseResolvConf(text: string): Dns {
  const lines = text.split("\n").map((line) => line.trim().split(/\s+/));
  const values = (wanted: string): readonly string[] =>
    lines.flatMap(([keyword, ...rest]) => (keyword === wanted ? rest : []));
  const servers = lines.flatMap(([keyword, server]) =>
    keyword === "nameserver" && server !== undefined ? [server] : [],
  );
  const domain = lines
    .findLast(([keyword, value]) => keyword === "domain" && value !== undefined)
    ?.at(1);
  return {
    ...present("nameservers", servers),
    ...(domain !== undefined && { domain }),
    ...present("search", values("search")),
    ...present("options", values("options")),
  };
}

function present<Key extends string>(
  key: Key,
  items: readonly string[],
): Partial<Record<Key, readonly string[]>> {
  return items.length > 0
    ? ({ [key]: items } as Record<Key, readonly string[]>)
    : {};
}

function unusable(path: string, fact: string): CniError {
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot use the IPAM configuration: /ipam/resolvConf: "${path}" ${fact}`,
    {
      details:
        "name a file like /etc/resolv.conf there, or leave resolvConf out: the runtime then gives pods their DNS",
    },
  );
}
