import fc from "fast-check";
import { expect, it } from "vitest";
import { bind } from "../../../../../plugin/mesh/ipsec/bind.ts";

it("bind() writes netstrings, with lengths in bytes", () => {
  expect(bind(["ab", "", "é"])).toBe("2:ab,0:,2:é,");
});

it("bind() never gives two lists one text", () => {
  const list = fc.array(
    fc.string({ maxLength: 4, unit: fc.constantFrom("1", ":", ",", "a") }),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(list, list, (a, b) => {
      expect(bind(a) === bind(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
    }),
    { numRuns: 2000 },
  );
});
