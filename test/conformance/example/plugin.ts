import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { CniError, ErrorCode } from "../../../cni/error.ts";
import { type Handlers, run } from "../../../cni/main.ts";
import type { Request } from "../../../cni/request.ts";
import { convertResult } from "../../../cni/result.ts";
import { readReady, readToEnd, writeFully } from "../../../cni/stdio.ts";

/**
 * A small plugin that keeps every sentence of the specification, and breaks those that `faults`
 * in its configuration or in the variable FAULTS names: the suite's own test. With a prevResult it
 * is a chained plugin, without one an IPAM plugin for 10.99.0.0/24 with a file for every address.
 */
const handlers: Handlers = {
  add(request) {
    if (broken(request, "needs-path") && request.path === "")
      fail(4, "CNI_PATH");
    if (broken(request, "refuses-args") && "args" in request.config)
      fail(7, "args");
    if (request.rawPrevResult !== undefined) return handOn(request);
    const address = `10.99.0.${reserve(request)}/24`;
    const extra = broken(request, "interfaces") ? { interface: 0 } : {};
    const result = {
      cniVersion: request.version,
      interfaces: "interface" in extra ? [{ name: request.ifname }] : [],
      ips: [{ address, gateway: "10.99.0.1", ...extra }],
      routes: [{ dst: "0.0.0.0/0" }],
      dns: {},
    };
    if (broken(request, "old-shape")) return result;
    return convertResult(result, request.version);
  },
  del(request) {
    if (broken(request, "del-needs-netns") && request.netns === "")
      fail(4, "CNI_NETNS");
    const mine = owned(request, networkOf(request)).filter(
      ({ owner }) => owner === ownerOf(request),
    );
    if (broken(request, "del-strict") && mine.length === 0) fail(3, "unknown");
    mine.forEach(release);
    if (broken(request, "del-prints")) writeFully(1, "{}");
  },
  check(request) {
    if (broken(request, "check-prints")) writeFully(1, "{}");
    if (broken(request, "check-nothing") || "chained" in request.config) return;
    const held = owned(request, networkOf(request)).some(
      ({ owner }) => owner === ownerOf(request),
    );
    if (!held) fail(ErrorCode.checkFailed, "the address is not reserved");
  },
  gc(request) {
    if (broken(request, "gc-prints")) writeFully(1, "{}");
    if (broken(request, "gc-keeps")) return;
    const list =
      request.validAttachments ??
      (broken(request, "gc-null-frees") ? [] : undefined);
    const valid = list?.map(
      ({ containerID, ifname }) => `${containerID} ${ifname}`,
    );
    const network = broken(request, "gc-any-network")
      ? undefined
      : networkOf(request);
    const listed = broken(request, "gc-frees-listed");
    owned(request, network)
      .filter(({ owner }) => valid?.includes(owner) === listed)
      .forEach(release);
  },
  status(request) {
    if (broken(request, "status-prints")) writeFully(1, "{}");
    if (broken(request, "status-fails")) fail(50, "never ready");
    if (broken(request, "status-always-ready")) return;
    try {
      mkdirSync(store(request), { recursive: true });
    } catch (cause) {
      throw new CniError(ErrorCode.notAvailable, "Cannot open the store", {
        details: "make its folder writable",
        cause,
      });
    }
  },
};

/** Faults of the protocol cannot stand in the configuration, which VERSION and errors may not have. */
const faults = (process.env["FAULTS"] ?? "").split(",");

process.exitCode = run(
  {
    environment: process.env,
    readStdin: () => readToEnd(0),
    ...(!faults.includes("version-ignores-input") && {
      readReadyStdin: () =>
        faults.includes("version-waits") ? readToEnd(0) : readReady(0),
    }),
    writeStdout: (text) => {
      const changed = faults.includes("code-8")
        ? text.replace('"code":4', '"code":8')
        : text;
      const noise = faults.includes("noise") ? "working…\n" : "";
      writeFully(faults.includes("error-on-stderr") ? 2 : 1, noise + changed);
    },
    writeStderr: (text) => {
      writeFully(2, text);
    },
  },
  handlers,
);
if (faults.includes("exit-0")) process.exitCode = 0;

function broken({ config }: Request, fault: string): boolean {
  const named = config["faults"];
  return Array.isArray(named) && named.includes(fault);
}

function fail(code: number, message: string): never {
  throw new CniError(code, message, { details: "take the fault out" });
}

function handOn(request: Request): unknown {
  if (!broken(request, "drops-routes")) return request.rawPrevResult;
  return { ...(request.rawPrevResult as object), routes: [] };
}

function store({ config }: Request): string {
  return String(config["store"]);
}

function ownerOf({ containerId, ifname }: Request): string {
  return `${containerId} ${ifname}`;
}

function networkOf({ config }: Request): string {
  return String(config["name"]);
}

/** O_EXCL decides who gets an address when several ask at once. */
function reserve(request: Request): number {
  mkdirSync(store(request), { recursive: true });
  for (let host = 2; host < 255; host += 1) {
    const file = `${store(request)}/${networkOf(request)} ${host}`;
    if (broken(request, "same-address")) return host;
    try {
      writeFileSync(file, ownerOf(request), { flag: "wx" });
      return host;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
  return fail(50, "no address is left");
}

interface Reservation {
  readonly file: string;
  readonly owner: string;
}

/** The reservations of a network, or of all. */
function owned(request: Request, network?: string): Reservation[] {
  mkdirSync(store(request), { recursive: true });
  return readdirSync(store(request))
    .filter((name) => network === undefined || name.startsWith(`${network} `))
    .map((name) => `${store(request)}/${name}`)
    .map((file) => ({ file, owner: readOwner(file) }));
}

/** Another call may have released it since we listed the folder. */
function readOwner(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

function release({ file }: Reservation): void {
  rmSync(file, { force: true });
}
