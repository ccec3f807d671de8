import { describe, expect, it } from "vitest";
import { holdLease } from "../../../../../plugin/kubernetes/publish/lease.ts";
import { fakeApi, json } from "../../../../support/kubernetes/fake-api.ts";
import { until } from "../../../../support/until.ts";

describe("holdLease()", () => {
  it("says once why it cannot have the Lease, and when it has it", async () => {
    await using api = await fakeApi();
    const message = 'cannot get resource "leases"';
    api.answers.push(json({ message }, { status: 403 }));
    const lines: string[] = [];
    const { access } = api;
    const log = (_: string, line: string) => lines.push(line);
    const lease = holdLease({ access, log }, "p", () => undefined);
    try {
      await until(() => api.asked.length >= 2);
      expect(lines).toEqual([expect.stringContaining(message)]);
      expect(lease.held()).toBe(false);
      api.answers.splice(0, 1, json({ spec: { holderIdentity: "p" } }));
      await until(() => lease.held());
      await until(() => lines.length === 2);
      expect(lines[1]).toBe("this publisher holds the Lease: it writes");
    } finally {
      lease.stop();
    }
  });
});
