import { expect, test } from "vitest";
import { parseEvents } from "../../e2e/support/policy-watch.ts";

test("parseEvents() reads what ip -tshort xfrm monitor prints", () => {
  const output = `[2026-01-02T03:04:05.000250] src 10.0.0.0/24 dst 10.0.1.0/24 
\tdir out priority 17200 ptype main 
\ttmpl src 192.0.2.1 dst 192.0.2.2
[2026-01-02T03:04:06.5] Deleted src 0.0.0.0/0 dst 10.0.1.0/24 
\tdir out action block priority 17299 ptype main 
`;
  const start = Date.UTC(2026, 0, 2, 3, 4, 5) / 1000;
  const [first, second, ...more] = parseEvents(output);
  expect(first?.time).toBeCloseTo(start + 0.00025, 6);
  expect(first?.text).toBe(
    "src 10.0.0.0/24 dst 10.0.1.0/24 dir out priority 17200 ptype main tmpl src 192.0.2.1 dst 192.0.2.2",
  );
  expect(second?.time).toBeCloseTo(start + 1.5, 6);
  expect(second?.text).toBe(
    "Deleted src 0.0.0.0/0 dst 10.0.1.0/24 dir out action block priority 17299 ptype main",
  );
  expect(more).toEqual([]);
});
