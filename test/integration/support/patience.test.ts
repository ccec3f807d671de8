import { expect, it } from "vitest";
import { namespace } from "../../support/namespace.ts";

it("legacy iptables waits for the lock of all namespaces", () => {
  using node = namespace();
  // Whoever has it lets go of it a second later.
  node.shell(`flock /run/xtables.lock sleep 1 & sleep 0.3
    iptables-legacy -t nat -A POSTROUTING -j RETURN
    iptables-legacy-save -t nat | iptables-legacy-restore
    wait`);
  expect(node.exec("iptables-legacy", "-t", "nat", "-S")).toContain(
    "-A POSTROUTING -j RETURN",
  );
});
