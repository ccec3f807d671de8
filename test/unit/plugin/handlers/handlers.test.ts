import { beforeEach, describe, expect, it } from "vitest";
import { CniError } from "../../../../cni/error.ts";
import type { Request } from "../../../../cni/request.ts";
import {
  type PluginContext,
  pluginHandlers,
} from "../../../../plugin/handlers/handlers.ts";

/** How often the kernel was asked for, and what stderr got. */
let lent: number;
let stderr: string;

beforeEach(() => {
  lent = 0;
  stderr = "";
});

/** Handlers whose kernel is `lend`; a node that is linked to nothing. */
function handlers(lend: () => void = () => undefined) {
  const context = {
    lend: (use: (session: never) => void) => {
      lent += 1;
      lend();
      use(undefined as never);
    },
    ensureNode: () => undefined,
    kernel: () => {
      throw new Error("nobody may ask for it");
    },
    host: { hostName: "here" },
    writeStderr: (text: string) => {
      stderr += text;
    },
  };
  return pluginHandlers(context as unknown as PluginContext);
}

const PREV_RESULT = { cniVersion: "1.1.0", ips: [], "of a later version": 1 };

function request(part: Partial<Request> = {}): Request {
  return {
    command: "ADD",
    containerId: "c1",
    netns: "/run/netns/none",
    ifname: "eth0",
    args: new Map(),
    path: "",
    version: "1.1.0",
    config: { cniVersion: "1.1.0", name: "pods", type: "crosslink" },
    prevResult: { interfaces: [], ips: [], routes: [], dns: {} } as never,
    rawPrevResult: PREV_RESULT,
    ...part,
  };
}

const unchained = (command: Request["command"]): Request => {
  const { prevResult: _, rawPrevResult: __, ...rest } = request({ command });
  return rest;
};

function refusalOf(work: () => unknown): CniError {
  try {
    work();
  } catch (error) {
    if (error instanceof CniError) return error;
    throw error;
  }
  throw new Error("not refused");
}

describe("pluginHandlers()", () => {
  it("ADD prints prevResult as it came, where the node is linked to nothing", () => {
    expect(handlers().add(request())).toBe(PREV_RESULT);
    expect(lent).toBe(1);
  });

  it("ADD that is refused raises the fence before it tells", () => {
    const broken = () => {
      throw new Error("the kernel is not there");
    };
    const refusal = refusalOf(() => handlers(broken).add(unchained("ADD")));
    expect(refusal.code).toBe(7);
    expect(refusal.details).toContain('put {"type": "crosslink"} last');
    expect(lent).toBe(1);
  });

  it("CHECK that is refused asks the kernel nothing", () => {
    const refusal = refusalOf(() => {
      handlers().check(unchained("CHECK"));
    });
    expect(refusal.message).toContain("has no prevResult");
    expect(lent).toBe(0);
  });

  it("DEL succeeds whatever fails, and says what and of which container", () => {
    handlers(() => {
      throw new Error("the kernel is not there");
    }).del(request({ command: "DEL" }));
    expect(JSON.parse(stderr)).toMatchObject({
      level: "warn",
      containerID: "c1",
      msg: expect.stringContaining("the kernel is not there") as string,
    });
  });

  it.each([
    ["ADD", 1],
    ["DEL", 0],
    ["STATUS", 0],
  ] as const)(
    "a call of %s that could not be read asks the kernel %i times",
    (command, times) => {
      const broken = () => {
        throw new Error("the kernel is not there");
      };
      handlers(broken).refused?.(command, {});
      expect(lent).toBe(times);
    },
  );
});
