import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseEnvironment } from "../../../cni/environment.ts";
import { CniError } from "../../../cni/error.ts";

const complete = {
  CNI_COMMAND: "ADD",
  CNI_CONTAINERID: "cnitool-77383ca0a0715733ca6f",
  CNI_NETNS: "/run/netns/pod",
  CNI_IFNAME: "eth0",
  CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAME=p",
  CNI_PATH: "/opt/cni/bin:/usr/lib/cni",
};

function failure(variables: Record<string, string | undefined>): CniError {
  try {
    parseEnvironment(variables);
  } catch (error) {
    if (error instanceof CniError) return error;
  }
  throw new Error("expected a CniError");
}

describe("parseEnvironment()", () => {
  it("reads every parameter of ADD", () => {
    expect(parseEnvironment(complete)).toEqual({
      command: "ADD",
      containerId: complete.CNI_CONTAINERID,
      netns: "/run/netns/pod",
      ifname: "eth0",
      args: new Map([
        ["IgnoreUnknown", "1"],
        ["K8S_POD_NAME", "p"],
      ]),
      path: "/opt/cni/bin:/usr/lib/cni",
    });
  });

  it.each([
    ["ADD", "CNI_CONTAINERID"],
    ["ADD", "CNI_NETNS"],
    ["ADD", "CNI_IFNAME"],
    ["CHECK", "CNI_CONTAINERID"],
    ["CHECK", "CNI_NETNS"],
    ["CHECK", "CNI_IFNAME"],
    ["DEL", "CNI_CONTAINERID"],
    ["DEL", "CNI_IFNAME"],
    ["GC", "CNI_PATH"],
  ])("%s without %s is error 4 that names it", (command, name) => {
    for (const value of [undefined, ""]) {
      const error = failure({
        ...complete,
        CNI_COMMAND: command,
        [name]: value,
      });
      expect(error.code).toBe(4);
      expect(error.message).toContain(`${command} needs ${name}`);
    }
  });

  it("names all that is missing at once", () => {
    expect(failure({ CNI_COMMAND: "ADD" }).message).toContain(
      "CNI_CONTAINERID, CNI_NETNS, CNI_IFNAME, which are missing",
    );
  });

  it.each(["CNI_ARGS", "CNI_PATH"])("ADD does without %s", (name) => {
    expect(() =>
      parseEnvironment({ ...complete, [name]: undefined }),
    ).not.toThrow();
  });

  it("DEL does without CNI_NETNS", () => {
    const variables = { ...complete, CNI_COMMAND: "DEL", CNI_NETNS: "" };
    expect(parseEnvironment(variables).netns).toBe("");
  });

  it("DEL does with arguments that made ADD fail", () => {
    const variables = { ...complete, CNI_ARGS: "nonsense" };
    expect(failure(variables).code).toBe(4);
    expect(() =>
      parseEnvironment({ ...variables, CNI_COMMAND: "DEL" }),
    ).not.toThrow();
  });

  it.each(["GC", "STATUS", "VERSION"])(
    "%s ignores an attachment's variables, empty or dummies",
    (command) => {
      for (const value of ["", "dummy/:"]) {
        const parsed = parseEnvironment({
          CNI_COMMAND: command,
          CNI_PATH: "/opt/cni/bin",
          CNI_CONTAINERID: value,
          CNI_NETNS: value,
          CNI_IFNAME: value,
          CNI_ARGS: value,
        });
        expect(parsed).toMatchObject({ command, containerId: "", ifname: "" });
      }
    },
  );

  it.each(["", "add", "ADD ", "UPDATE", "__proto__", "constructor"])(
    "refuses CNI_COMMAND %j",
    (command) => {
      expect(failure({ ...complete, CNI_COMMAND: command }).code).toBe(4);
    },
  );

  it.each(["-a", ".a", "_a", "a b", "a/b", "a:b", "a\n", "ä", "a;b"])(
    "refuses CNI_CONTAINERID %j",
    (id) => {
      const error = failure({ ...complete, CNI_CONTAINERID: id });
      expect(error.code).toBe(4);
      expect(error.message).toContain("CNI_CONTAINERID");
    },
  );

  it.each([
    ".",
    "..",
    "a/b",
    "a:b",
    "a b",
    "eth0\n",
    "sixteen-bytes-xx",
    "ääääääää",
  ])("refuses CNI_IFNAME %j", (name) => {
    const error = failure({ ...complete, CNI_IFNAME: name });
    expect(error.code).toBe(4);
    expect(error.message).toContain("CNI_IFNAME");
  });

  it.each(["a", "fifteen-bytes-x", "ääääääa", "..."])(
    "accepts CNI_IFNAME %j",
    (name) => {
      expect(parseEnvironment({ ...complete, CNI_IFNAME: name }).ifname).toBe(
        name,
      );
    },
  );

  it("never fails with anything but a CniError 4", () => {
    const value = fc.option(
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc.constantFrom("ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION"),
      ),
      { nil: undefined },
    );
    const names = Object.keys(complete);
    const record = fc.record(
      Object.fromEntries(names.map((name) => [name, value])),
    );
    fc.assert(
      fc.property(record, (variables) => {
        try {
          parseEnvironment(variables);
        } catch (error) {
          expect(error).toBeInstanceOf(CniError);
          expect((error as CniError).code).toBe(4);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
