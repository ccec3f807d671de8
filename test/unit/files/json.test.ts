import { describe, expect, it } from "vitest";
import { jsonOrNothing } from "../../../files/json.ts";

describe("jsonOrNothing()", () => {
  it.each<[string, unknown]>([
    ['{"a": [1]}', { a: [1] }],
    ["null", null],
    ["", undefined],
    ['{"a": [1', undefined],
    ["{} {}", undefined],
  ])("of %j is %j", (text, value) => {
    expect(jsonOrNothing(text)).toEqual(value);
  });
});
