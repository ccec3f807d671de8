import { Registry } from "prom-client";
import { expect, it } from "vitest";
import { ikeMetrics } from "../../../../../plugin/agent/telemetry/ike-metrics.ts";
import {
  causeOf,
  readLogLine,
} from "../../../../../plugin/ike/charon/log-line.ts";
import type { ListedIke } from "../../../../../plugin/ike/charon/listed.ts";
import { readIdentity } from "../../../../../plugin/ike/charon/node-identity.ts";
import { stateOf } from "../../../../../plugin/ike/tell.ts";
import { tunnel } from "../../ike/charon/tunnel.ts";

const listed: ListedIke = {
  connection: "crosslink-434c1234",
  state: "ESTABLISHED",
  localId: "one.a",
  remoteId: "two.b",
  remoteHost: "203.0.113.2",
  algorithms: "AES",
  ageSeconds: 5,
  rekeySeconds: 14_000,
  children: [
    {
      id: "1",
      state: "INSTALLED",
      spiIn: 1,
      spiOut: 2,
      algorithms: "AES",
      inUdp: false,
      ageSeconds: 4,
      rekeySeconds: 3500,
      heardSeconds: 1,
    },
  ],
};

it("ikeMetrics() shows tunnels, what keeps them down, and when keys are due", async () => {
  const registry = new Registry();
  const show = ikeMetrics(registry);
  const { trouble = "" } = readLogLine(
    "05[IKE] <crosslink-434c9999|3> giving up after 6 retransmits",
  );
  const down = tunnel({ node: "three", reqid: 0x434c9999 });
  show(
    stateOf([tunnel(), down], {
      listed: [listed],
      errors: new Map([["crosslink-434c9999", trouble]]),
      trouble: undefined,
      whereabouts: new Map(),
      certificateUntil: 1_800_000_000,
    }),
  );
  const lines = (await registry.metrics()).split("\n");
  const of = (peer: string) =>
    `cluster="b",peer="${peer}",endpoint="203.0.113.2"`;
  for (const line of [
    `crosslink_ike_tunnel_up{${of("two")}} 1`,
    `crosslink_ike_tunnel_up{${of("three")}} 0`,
    `crosslink_ike_tunnel_trouble{${of("three")},cause="silence"} 1`,
    `crosslink_ike_rekey_seconds{${of("two")},of="esp"} 3500`,
    `crosslink_ike_rekey_seconds{${of("two")},of="ike"} 14000`,
    "crosslink_ike_blocked 0",
    "crosslink_ike_certificate_until_timestamp_seconds 1800000000",
  ])
    expect(lines).toContain(line);
  show({
    trouble: "no charon",
    certificateUntil: null,
    tunnels: [],
    whereabouts: {},
  });
  const after = await registry.metrics();
  expect(after).toContain("crosslink_ike_blocked 1");
  expect(after).not.toContain("three");
  expect(after).not.toMatch(/^crosslink_ike_certificate_until/mu);
});

it("has a word for what this node itself cannot prove, and for files that differ", () => {
  const identity = readIdentity("/nowhere", "one.a");
  const proof = typeof identity === "string" ? identity : "";
  const causes = [proof, "the files differ"].map((trouble) => {
    const { tunnels } = stateOf([tunnel()], {
      listed: [],
      errors: new Map([["crosslink-434c1234", trouble]]),
      trouble: undefined,
      whereabouts: new Map(),
    });
    return tunnels[0]?.lastErrorCause;
  });
  expect(causes).toEqual(["certificate", "files"]);
});

it.each([
  ["received AUTHENTICATION_FAILED notify error", "refused"],
  ["tried 1 shared key for 'a' - 'b', but MAC mismatched", "unproven"],
  ["certificate was revoked on Nov 28 20:00:00 UTC 2026", "revoked"],
  ["no trusted ECDSA public key found for 'two.b'", "untrusted"],
  ["subject certificate invalid (valid from A to B)", "expired"],
  ["unable to install IPsec policies (SPD) in kernel", "kernel"],
  ["received NO_PROPOSAL_CHOSEN notify error", "algorithms"],
  ["peer not responding, trying again (2/0)", "silence"],
  ["no matching peer config found", "unknown"],
  ["IDr payload missing", "peer"],
  ["received TS_UNACCEPTABLE notify, no CHILD_SA built", "selectors"],
])("causeOf() has a word for %j", (line, cause) => {
  const { trouble = "" } = readLogLine(`05[IKE] <crosslink-1|1> ${line}`);
  expect(causeOf(trouble)).toBe(cause);
});
