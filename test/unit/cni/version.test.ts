import { describe, expect, it } from "vitest";
import {
  isSupportedVersion,
  requireCommand,
  resultShape,
  supportedVersions,
} from "../../../cni/version.ts";

describe("version", () => {
  it("supportedVersions is the specification's history, oldest first", () => {
    expect(supportedVersions).toEqual([
      "0.1.0",
      "0.2.0",
      "0.3.0",
      "0.3.1",
      "0.4.0",
      "1.0.0",
      "1.1.0",
    ]);
  });

  it.each([
    ["ADD", "0.1.0"],
    ["DEL", "0.1.0"],
    ["CHECK", "0.4.0"],
    ["GC", "1.1.0"],
    ["STATUS", "1.1.0"],
  ] as const)("requireCommand() allows %s since %s", (command, since) => {
    const first = supportedVersions.indexOf(since);
    for (const [index, version] of supportedVersions.entries()) {
      const call = (): void => {
        requireCommand(version, command);
      };
      if (index >= first) expect(call).not.toThrow();
      else expect(call).toThrow(`cniVersion "${version}"`);
    }
  });

  it("requireCommand() says since when a command exists", () => {
    expect(() => {
      requireCommand("1.0.0", "GC");
    }).toThrow(
      expect.objectContaining({
        code: 1,
        details: "GC exists since CNI 1.1.0; raise cniVersion",
      }) as Error,
    );
  });

  it.each(["", "1", "1.1", "1.1.1", "2.0.0", "v1.1.0", "__proto__", " 1.0.0"])(
    "refuses %j with code 1 and the list of versions",
    (version) => {
      expect(isSupportedVersion(version)).toBe(false);
      expect(() => resultShape(version)).toThrow(
        expect.objectContaining({
          code: 1,
          details: expect.stringContaining("0.1.0, 0.2.0") as string,
        }) as Error,
      );
    },
  );

  it("resultShape() follows the result's three layouts", () => {
    expect(supportedVersions.map(resultShape)).toEqual([
      "pair",
      "pair",
      "tagged",
      "tagged",
      "tagged",
      "list",
      "list",
    ]);
  });
});
