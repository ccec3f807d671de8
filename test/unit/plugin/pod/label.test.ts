import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatLabel, parseLabel } from "../../../../plugin/pod/label.ts";

const word = fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,60}$/);

describe("formatLabel()", () => {
  it("is read back by parseLabel()", () => {
    fc.assert(
      fc.property(word, word, word, (network, containerID, ifname) => {
        const attachment = { network, containerID, ifname };
        expect(parseLabel(formatLabel(attachment))).toEqual(attachment);
      }),
    );
  });

  it("gives no label that the kernel would cut off", () => {
    const containerID = "c".repeat(240);
    expect(
      formatLabel({ network: "cbr0", containerID, ifname: "eth0" }),
    ).toBeUndefined();
  });
});

describe("parseLabel()", () => {
  it.each([
    undefined,
    "",
    "uplink",
    "crosslink",
    "crosslink a b",
    "crosslink a b c d",
    "other a b c",
  ])("does not take %j for ours", (alias) => {
    expect(parseLabel(alias)).toBeUndefined();
  });
});
