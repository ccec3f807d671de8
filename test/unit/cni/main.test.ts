import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CniError } from "../../../cni/error.ts";
import { type Handlers, type Process, run } from "../../../cni/main.ts";
import type { Request } from "../../../cni/request.ts";
import { supportedVersions } from "../../../cni/version.ts";

const attachment = {
  CNI_CONTAINERID: "pod",
  CNI_NETNS: "/run/netns/pod",
  CNI_IFNAME: "eth0",
  CNI_PATH: "/opt/cni/bin",
};
const config = { cniVersion: "1.1.0", name: "net", type: "x" };
const result = { cniVersion: "1.1.0", ips: [{ address: "10.0.0.1/8" }] };

const idle: Handlers = {
  add: () => result,
  del: () => undefined,
  check: () => undefined,
  gc: () => undefined,
  status: () => undefined,
};

/** One call with everything that it wrote. */
function call(
  command: string | undefined,
  stdin: unknown,
  handlers: Partial<Handlers> = {},
  more: Partial<Process> = {},
): { exit: number; stdout: string; stderr: string; reads: number } {
  const seen = { exit: -1, stdout: "", stderr: "", reads: 0 };
  const text = typeof stdin === "string" ? stdin : JSON.stringify(stdin);
  const environment = { ...attachment, CNI_COMMAND: command };
  const process: Process = {
    environment,
    readStdin: () => {
      seen.reads += 1;
      return Buffer.from(text);
    },
    writeStdout: (out) => {
      seen.stdout += out;
    },
    writeStderr: (out) => {
      seen.stderr += out;
    },
    ...more,
  };
  seen.exit = run(process, { ...idle, ...handlers });
  return seen;
}

const fail = (error: unknown) => (): never => {
  throw error;
};

describe("run()", () => {
  it("prints ADD's result and nothing else", () => {
    const seen = call("ADD", config);
    expect(seen).toMatchObject({ exit: 0, stderr: "" });
    expect(seen.stdout).toBe(`${JSON.stringify(result)}\n`);
  });

  it("passes prevResult through untouched", () => {
    const prevResult = { ...result, unknown: { deep: [null, 1.5, "ü"] } };
    const seen = call(
      "ADD",
      { ...config, prevResult },
      { add: (request) => request.rawPrevResult },
    );
    expect(JSON.parse(seen.stdout)).toEqual(prevResult);
  });

  it.each([
    ["DEL", "del"],
    ["CHECK", "check"],
    ["GC", "gc"],
    ["STATUS", "status"],
  ] as const)(
    "%s calls its handler once and prints nothing",
    (command, name) => {
      const requests: Request[] = [];
      const seen = call(command, config, {
        add: fail(new Error("wrong handler")),
        [name]: (request: Request) => {
          requests.push(request);
        },
      });
      expect(seen).toEqual({ exit: 0, stdout: "", stderr: "", reads: 1 });
      expect(requests).toHaveLength(1);
      expect(requests[0]).toMatchObject({ command, version: "1.1.0" });
    },
  );

  it("prints a handler's error with the configuration's version", () => {
    const error = new CniError(50, "Cannot serve ADD", { details: "keys" });
    const seen = call(
      "ADD",
      { ...config, cniVersion: "0.3.1" },
      { add: fail(error) },
    );
    expect(seen).toMatchObject({ exit: 1, stderr: "" });
    expect(JSON.parse(seen.stdout)).toEqual({
      cniVersion: "0.3.1",
      code: 50,
      msg: "Cannot serve ADD",
      details: "keys",
    });
  });

  it.each([
    new TypeError("boom"),
    "a string",
    undefined,
    Object.create(null),
    Symbol("x"),
    new RangeError("Maximum call stack size exceeded"),
  ])("turns whatever a handler throws into an error object", (thrown) => {
    const seen = call("DEL", config, { del: fail(thrown) });
    expect(seen.exit).toBe(1);
    expect(JSON.parse(seen.stdout)).toMatchObject({
      cniVersion: "1.1.0",
      code: 100,
      msg: expect.stringContaining("Cannot complete DEL") as string,
    });
  });

  it("writes the stack of a fault to stderr, and of nothing else", () => {
    const fault = call("ADD", config, { add: fail(new TypeError("boom")) });
    expect(fault.stderr).toMatch(/TypeError: boom\n +at /);
    const known = call("ADD", config, {
      add: fail(new CniError(5, "x", { details: "y" })),
    });
    expect(known.stderr).toBe("");
  });

  it.each([undefined, null, "text", [], 5])(
    "doesn't print %j as ADD's result",
    (value) => {
      const seen = call("ADD", config, { add: () => value });
      expect(seen.exit).toBe(1);
      expect(JSON.parse(seen.stdout)).toMatchObject({ code: 100 });
    },
  );

  it("prints an error object when the result cannot be written as JSON", () => {
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    for (const value of [circular, { big: 1n }]) {
      const seen = call("ADD", config, { add: () => value });
      expect(JSON.parse(seen.stdout)).toMatchObject({ code: 100 });
    }
  });
});

describe("run() on a bad call", () => {
  it.each([
    [undefined, config, 4],
    ["add", config, 4],
    ["ADD", "", 6],
    ["ADD", "[]", 6],
    ["ADD", { cniVersion: "1.1.0" }, 7],
    ["ADD", { ...config, name: "a/b" }, 7],
    ["ADD", { ...config, cniVersion: "9.9.9" }, 1],
    ["ADD", { ...config, cniVersion: 1 }, 7],
    ["ADD", { ...config, prevResult: 5 }, 6],
    ["DEL", { ...config, cniVersion: "9.9.9" }, 1],
    ["CHECK", { ...config, cniVersion: "0.3.1" }, 1],
    ["CHECK", { name: "net" }, 1],
    ["GC", { ...config, cniVersion: "1.0.0" }, 1],
    ["STATUS", { ...config, cniVersion: "1.0.0" }, 1],
    ["GC", { ...config, "cni.dev/valid-attachments": 5 }, 7],
  ])("%s with %j is error %i, and no handler runs", (command, stdin, code) => {
    const refuse = fail(new Error("a handler ran"));
    const seen = call(command, stdin, {
      add: refuse,
      del: refuse,
      check: refuse,
      gc: refuse,
      status: refuse,
    });
    expect(seen.exit).toBe(1);
    expect(JSON.parse(seen.stdout)).toMatchObject({ code });
  });

  it("says the newest version where the configuration's is not spoken", () => {
    const seen = call("ADD", { ...config, cniVersion: "9.9.9" });
    expect(JSON.parse(seen.stdout)).toMatchObject({ cniVersion: "1.1.0" });
  });

  it("calls a failing stdin an I/O error", () => {
    const seen = call("ADD", config, {}, { readStdin: fail(new Error("EIO")) });
    expect(JSON.parse(seen.stdout)).toMatchObject({ code: 5 });
  });

  it("tells stderr when stdout is closed, and writes stdout once", () => {
    let writes = 0;
    const writeStdout = (): void => {
      writes += 1;
      throw Object.assign(new Error("EPIPE"), { code: "EPIPE" });
    };
    const seen = call("ADD", config, {}, { writeStdout });
    expect(seen.exit).toBe(1);
    expect(writes).toBe(1);
    expect(seen.stderr).toContain("EPIPE");
    expect(seen.stderr).toContain("10.0.0.1/8");
  });

  it("survives with stdout and stderr both closed", () => {
    const closed = fail(new Error("EBADF"));
    const add = fail(new TypeError("boom"));
    const more = { writeStdout: closed, writeStderr: closed };
    expect(call("ADD", config, { add }, more).exit).toBe(1);
  });

  it("still prints the error when stderr is closed", () => {
    const add = fail(new TypeError("boom"));
    const seen = call(
      "ADD",
      config,
      { add },
      { writeStderr: fail(new Error()) },
    );
    expect(JSON.parse(seen.stdout)).toMatchObject({ code: 100 });
  });
});

describe("run() for VERSION", () => {
  const answer = { cniVersion: "1.1.0", supportedVersions };

  it("answers without stdin and with a dummy environment", () => {
    const environment = {
      CNI_COMMAND: "VERSION",
      CNI_NETNS: "dummy",
      CNI_IFNAME: "dummy/:",
      CNI_PATH: "dummy",
    };
    const readStdin = fail(new Error("read"));
    const seen = call("VERSION", "", {}, { environment, readStdin });
    expect(seen.exit).toBe(0);
    expect(JSON.parse(seen.stdout)).toEqual(answer);
  });

  it.each([
    ['{"cniVersion":"0.4.0"}', "0.4.0"],
    ['{"cniVersion":"9.0.0"}', "1.1.0"],
    ['{"cniVersion":5}', "1.1.0"],
    ["[]", "1.1.0"],
    ["{", "1.1.0"],
    ["", "1.1.0"],
  ])("asked with %j answers in %s", (text, cniVersion) => {
    const readReadyStdin = (): Uint8Array => Buffer.from(text);
    const seen = call("VERSION", "", {}, { readReadyStdin });
    expect(JSON.parse(seen.stdout)).toEqual({ ...answer, cniVersion });
  });

  it("answers when stdin cannot be read", () => {
    const readReadyStdin = fail(new Error("EBADF"));
    const seen = call("VERSION", "", {}, { readReadyStdin });
    expect(JSON.parse(seen.stdout)).toEqual(answer);
  });
});

describe("run() on random input", () => {
  const commands = ["ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION"];
  const stdin = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record(
        {
          cniVersion: fc.oneof(
            fc.constantFrom(...supportedVersions),
            fc.jsonValue(),
          ),
          name: fc.oneof(fc.constant("net"), fc.jsonValue()),
          prevResult: fc.jsonValue(),
          "cni.dev/valid-attachments": fc.jsonValue(),
        },
        { requiredKeys: [] },
      )
      .map((value) => JSON.stringify(value)),
  );
  const command = fc.oneof(fc.constantFrom(...commands), fc.string());

  it("always ends with a CNI object or silence, and the right exit code", () => {
    fc.assert(
      fc.property(command, stdin, (name, text) => {
        const { exit, stdout } = call(name, text);
        const silent = exit === 0 && name !== "ADD" && name !== "VERSION";
        if (silent) {
          expect(stdout).toBe("");
          return;
        }
        const printed: unknown = JSON.parse(stdout);
        expect(printed).toHaveProperty("cniVersion");
        if (exit === 0) expect(printed).not.toHaveProperty("code");
        else expect(printed).toHaveProperty("msg");
      }),
      { numRuns: 3000 },
    );
  });
});
