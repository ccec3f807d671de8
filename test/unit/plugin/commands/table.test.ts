import { describe, expect, it } from "vitest";
import { table } from "../../../../plugin/commands/table.ts";

describe("table()", () => {
  it("makes each column as wide as its widest cell", () => {
    expect(
      table(
        ["PEER", "KEY"],
        [
          ["cluster2/vm-0-11", "1"],
          ["b/n", "static"],
        ],
      ),
    ).toBe(
      "PEER              KEY\ncluster2/vm-0-11  1\nb/n               static",
    );
  });
});
