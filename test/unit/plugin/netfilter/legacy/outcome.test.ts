import { describe, expect, it } from "vitest";
import { judge } from "../../../../../plugin/netfilter/legacy/outcome.ts";

const INPUT =
  "*nat\n-D POSTROUTING -j RETURN\n-I POSTROUTING 1 -j RETURN\nCOMMIT\n";
const ran = (status: number | null, stderr = "") => ({
  status,
  stdout: "",
  stderr,
});
const judged = (status: number | null, stderr?: string, input = INPUT) =>
  judge("iptables-legacy-restore", ran(status, stderr), input);

describe("judge()", () => {
  it("is done with exit code 0", () => {
    expect(judged(0)).toBe("done");
  });

  it("asks for another plan where a rule to be deleted is gone", () => {
    const words =
      "iptables-legacy-restore v1.8.9 (legacy): Bad rule (does a matching rule exist in that chain?)\nError occurred at line: 2";
    expect(judged(2, words)).toBe("again");
    expect(
      judged(
        1,
        "iptables-legacy-restore: line 4 failed: Resource temporarily unavailable",
      ),
    ).toBe("again");
  });

  it("is an error where nothing was to be deleted", () => {
    expect(() =>
      judged(2, "Bad rule", "*nat\n-I POSTROUTING 1 -j RETURN\nCOMMIT\n"),
    ).toThrow(
      expect.objectContaining({
        code: 5,
        details: expect.stringMatching(/^Bad rule\. Run /u) as string,
      }) as Error,
    );
  });

  it("is code 11 where the lock is taken", () => {
    expect(() =>
      judged(
        4,
        "Another app is currently holding the xtables lock; still 0s 0us time ahead to have a chance to grab the lock...",
      ),
    ).toThrow(expect.objectContaining({ code: 11 }) as Error);
  });

  it.each([
    [1, "unknown option"],
    [null, ""],
    [127, ""],
  ])("is code 5 for exit code %s", (status, words) => {
    expect(() => judged(status, words)).toThrow(
      expect.objectContaining({ code: 5 }) as Error,
    );
  });
});
