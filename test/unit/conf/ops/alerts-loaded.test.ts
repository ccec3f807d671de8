import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OPS } from "../../../support/agent/ops-files.ts";

const RULES = join(OPS, "alerts.yaml");
const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "crosslink-alerts-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** An alert, a series that it looks at, a value that it is for and one that it is not, and the minutes until it fires. */
const CASES = [
  [
    "CrosslinkFenceLayerDown",
    'crosslink_fence_layer_up{instance="n",layer="rules"}',
    [0, 1],
    2,
  ],
  [
    "CrosslinkClearTextPossible",
    'crosslink_bypass{instance="n",kind="policy",severity="open"}',
    [1, 0],
    2,
  ],
  ["CrosslinkNodeNotReady", 'crosslink_node_ready{instance="n"}', [0, 1], 5],
  [
    "CrosslinkAssociationMissing",
    'crosslink_association_present{instance="n",cluster="b",peer="p",direction="out"}',
    [0, 1],
    5,
  ],
  [
    "CrosslinkStandbyNotReady",
    'crosslink_standby_associations{instance="n",state="missing"}',
    [1, 0],
    10,
  ],
  ["CrosslinkIkeBlocked", 'crosslink_ike_blocked{instance="n"}', [1, 0], 2],
  [
    "CrosslinkIkeTunnelTrouble",
    'crosslink_ike_tunnel_trouble{instance="n",cluster="b",peer="p",cause="c"}',
    [1, 0],
    2,
  ],
  // Times: the tests' own clock begins at 0.
  [
    "CrosslinkIkeCertificateEnds",
    'crosslink_ike_certificate_until_timestamp_seconds{instance="n"}',
    [600_000, 700_000],
    0,
  ],
  [
    "CrosslinkIkeRekeyOverdue",
    'crosslink_ike_rekey_seconds{instance="n",cluster="b",peer="p",of="child"}',
    [-601, -599],
    0,
  ],
  // So the first answer is too old after 15 minutes, and fires 5 later.
  [
    "CrosslinkKubernetesSilent",
    'crosslink_kubernetes_answered_timestamp_seconds{instance="n"}',
    [0, 900],
    21,
  ],
] as const;

/** Whether Prometheus fires an alert after so many minutes of a series, given as in `name{label="x"} value`. */
function fires(alert: string, sample: string, minutes: number): boolean {
  const [, series = "", value = ""] = /^(.*) (\S+)$/.exec(sample) ?? [];
  const nothing = {
    eval_time: `${String(minutes)}m`,
    alertname: alert,
    exp_alerts: [],
  };
  const test = {
    interval: "1m",
    input_series: [{ series, values: `${value}x30` }],
    alert_rule_test: [nothing],
  };
  const file = join(folder, "test.json"); // JSON is YAML
  writeFileSync(file, JSON.stringify({ rule_files: [RULES], tests: [test] }));
  const words = ["test", "rules", file];
  const ran = spawnSync("promtool", words, { encoding: "utf8" });
  if (ran.status === 0) return false;
  // It expected nothing, and says what fired.
  expect(ran.stdout + ran.stderr).toMatch(/got:\[\s*0:\s*Labels:\{alertname=/);
  return true;
}

describe.skipIf(!hasPromtool)(
  "Prometheus (needs promtool, of the package prometheus)",
  () => {
    it("loads the rules, of which this fires each", () => {
      const said = execFileSync("promtool", ["check", "rules", RULES]);
      expect(String(said)).toContain(
        `SUCCESS: ${String(CASES.length)} rules found`,
      );
    });

    it.each(CASES)(
      "fires %s once it has lasted, and only then",
      (alert, series, [bad, good], minutes) => {
        if (minutes > 0)
          expect(fires(alert, `${series} ${String(bad)}`, minutes - 1)).toBe(
            false,
          );
        expect(fires(alert, `${series} ${String(bad)}`, minutes + 1)).toBe(
          true,
        );
        expect(fires(alert, `${series} ${String(good)}`, 20)).toBe(false);
      },
    );
  },
);
