import { describe, expect, it } from "vitest";
import { parseAddress } from "../../../../../ip/cidr.ts";
import type { Route } from "../../../../../native/route/route.ts";
import { describeRoute } from "../../../../../plugin/reconcile/kinds/route.ts";

const route: Route = {
  destination: { address: parseAddress("10.9.0.0").bytes, length: 16 },
  table: 254,
  protocol: 88,
  scope: 0,
  type: 1,
  gateway: parseAddress("172.17.0.1").bytes,
  outputInterface: 7,
};

describe("describeRoute()", () => {
  it("calls a device by its name", () => {
    expect(describeRoute(route, (index) => `eth${String(index)}`)).toBe(
      "route 10.9.0.0/16 via 172.17.0.1 dev eth7",
    );
  });

  it("leaves a device out that nobody knows the name of", () => {
    for (const names of [undefined, () => undefined])
      expect(describeRoute(route, names)).toBe(
        "route 10.9.0.0/16 via 172.17.0.1",
      );
  });
});
