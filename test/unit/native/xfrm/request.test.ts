import { describe, expect, test } from "vitest";
import {
  XFRM_POLICY_ICMP,
  XFRM_POLICY_LOCALOK,
  XFRM_SA_XFLAG_DONT_ENCAP_DSCP,
  XFRM_SA_XFLAG_OSEQ_MAY_WRAP,
  XFRM_STATE_DECAP_DSCP,
  XFRM_STATE_ESN,
  XFRM_STATE_NOECN,
  XFRM_STATE_NOPMTUDISC,
} from "../../../../native/xfrm/constants.ts";
import * as request from "../../../../native/xfrm/request.ts";
import type { SecurityAssociation } from "../../../../native/xfrm/sa.ts";
import type { PolicyId, SecurityPolicy } from "../../../../native/xfrm/sp.ts";
import { expectGolden } from "../../../support/golden.ts";
import {
  association,
  countingKey,
  ip,
  policy,
  prefix,
  template,
} from "../../../support/xfrm/xfrm.ts";

const algorithm = association.aead.algorithm;
const mark = { value: 0x1234, mask: 0xffff };
const outputMark = { value: 0x9abc, mask: 0xff00 };
const encapsulation = { sourcePort: 4500, destinationPort: 4511 };
const ipv6 = { source: ip("2001:db8:1::2"), destination: ip("2001:db8:2::3") };
const block: SecurityPolicy = {
  selector: { source: prefix("0.0.0.0/0"), destination: prefix("10.0.1.0/24") },
  direction: "out",
  action: "block",
  priority: 17299,
  templates: [],
};
const selector6 = {
  source: prefix("2001:db8:a::/48"),
  destination: prefix("2001:db8:b::/56"),
};
const ports = { protocol: 6, sourcePort: 4321, destinationPort: 8765 };

describe("addAssociation() sends what ip sends", () => {
  const wide: SecurityAssociation = {
    ...association,
    replayWindow: 70,
    flags: XFRM_STATE_ESN,
  };
  test.each<[string, SecurityAssociation]>([
    ["state-add-v4", association],
    [
      "state-add-v6",
      {
        ...association,
        ...ipv6,
        spi: 0x020000bb,
        reqid: 0x434c0304,
        replayWindow: 21,
        aead: { algorithm, key: countingKey(36), icvBits: 96 },
        mark,
        outputMark,
        ifId: 0x5678,
      },
    ],
    [
      "state-add-encap",
      {
        ...association,
        mode: "transport",
        replayWindow: 32,
        flags: XFRM_STATE_NOECN | XFRM_STATE_DECAP_DSCP | XFRM_STATE_NOPMTUDISC,
        encapsulation,
      },
    ],
    ["state-add-encap-v6", { ...association, ...ipv6, encapsulation }],
    [
      "state-add-esn",
      {
        ...wide,
        extraFlags: XFRM_SA_XFLAG_DONT_ENCAP_DSCP | XFRM_SA_XFLAG_OSEQ_MAY_WRAP,
      },
    ],
    ["state-add-esn-small", { ...wide, replayWindow: 16 }],
    [
      "state-add-oseq",
      {
        ...association,
        sentSequence: 0x89ab_cdefn,
        extraFlags: XFRM_SA_XFLAG_OSEQ_MAY_WRAP,
        encapsulation,
      },
    ],
    ["state-add-window", { ...association, replayWindow: 1024 }],
    [
      "state-add-all",
      {
        ...wide,
        encapsulation,
        extraFlags: XFRM_SA_XFLAG_OSEQ_MAY_WRAP,
        mark,
        ifId: 0x5678,
        outputMark,
        tfcPadding: 1300,
      },
    ],
  ])("addAssociation() as in %s", (name, sa) => {
    expectGolden(`xfrm/${name}`, request.addAssociation(sa));
  });
});

test("updateAssociation() sends what ip sends", () => {
  const aead = { algorithm, key: countingKey(36), icvBits: 64 };
  const sa = { ...association, aead, tfcPadding: 5 };
  expectGolden("xfrm/state-update", request.updateAssociation(sa));
});

test("deleteAssociation() and getAssociation() send what ip sends", () => {
  const { source, destination, spi } = association;
  const id = { source, destination, spi, mark };
  expectGolden("xfrm/state-delete", request.deleteAssociation(id));
  const id6 = { ...ipv6, spi: 0x020000bb };
  expectGolden("xfrm/state-get", request.getAssociation(id6));
});

describe("addPolicy() sends what ip sends", () => {
  test.each<[string, SecurityPolicy]>([
    ["policy-add-out", policy],
    [
      "policy-add-in",
      {
        selector: { ...selector6, ...ports },
        direction: "in",
        action: "allow",
        index: 16,
        priority: 17200,
        flags: XFRM_POLICY_LOCALOK | XFRM_POLICY_ICMP,
        mark,
        ifId: 0x5678,
        templates: [
          {
            ...ipv6,
            spi: 0x020000bb,
            reqid: 0x434c0304,
            mode: "transport",
            optional: true,
          },
        ],
      },
    ],
    [
      "policy-add-fwd",
      {
        ...policy,
        selector: { ...policy.selector, interfaceIndex: 1 },
        direction: "fwd",
        templates: [
          template,
          {
            ...template,
            protocol: 51,
            reqid: 0x434c0304,
            mode: "transport",
            optional: true,
          },
        ],
      },
    ],
    ["policy-add-block", block],
    [
      "policy-add-block-v6",
      {
        ...block,
        selector: {
          source: prefix("::/0"),
          destination: prefix("2001:db8:b::/56"),
        },
      },
    ],
    [
      "policy-add-icmp",
      {
        ...policy,
        selector: {
          ...policy.selector,
          protocol: 1,
          sourcePort: 8,
          destinationPort: 3,
        },
        templates: [],
      },
    ],
  ])("addPolicy() as in %s", (name, wanted) => {
    expectGolden(`xfrm/${name}`, request.addPolicy(wanted));
  });
});

test("updatePolicy() sends what ip sends", () => {
  expectGolden("xfrm/policy-update", request.updatePolicy(policy));
});

test("deletePolicy() and getPolicy() send what ip sends", () => {
  const id: PolicyId = {
    selector: { ...selector6, ...ports },
    direction: "fwd",
    mark,
    ifId: 0x5678,
  };
  expectGolden("xfrm/policy-delete", request.deletePolicy(id));
  const { selector } = policy;
  expectGolden(
    "xfrm/policy-get",
    request.getPolicy({ selector, direction: "in" }),
  );
});

test("lists and counts send what ip sends", () => {
  expectGolden("xfrm/state-dump", request.listAssociations());
  expectGolden("xfrm/policy-dump", request.listPolicies());
  expectGolden("xfrm/state-count", request.countAssociations());
  expectGolden("xfrm/policy-count", request.countPolicies());
  expectGolden("xfrm/policy-getdefault", request.getDefaults());
});

test("requests name themselves, and never a key", () => {
  const all = [
    request.addAssociation(association),
    request.updateAssociation(association),
    request.deleteAssociation({ destination: ip("fd00::2"), spi: 0x1001 }),
    request.getAssociation(association),
    request.addPolicy(policy),
    request.updatePolicy(policy),
    request.deletePolicy(block),
    request.getPolicy(policy),
    request.listAssociations(),
    request.listPolicies(),
    request.countAssociations(),
    request.countPolicies(),
  ];
  expect(all.map(({ operation, action }) => `${operation}: ${action?.()}`))
    .toMatchInlineSnapshot(`
    [
      "XFRM_MSG_NEWSA: add SA 0x010000ba from 172.17.1.2 to 203.0.113.2",
      "XFRM_MSG_UPDSA: update SA 0x010000ba from 172.17.1.2 to 203.0.113.2",
      "XFRM_MSG_DELSA: delete SA 0x00001001 to fd00::2",
      "XFRM_MSG_GETSA: get SA 0x010000ba from 172.17.1.2 to 203.0.113.2",
      "XFRM_MSG_NEWPOLICY: add policy dir out src 10.0.0.0/24 dst 10.0.1.0/25",
      "XFRM_MSG_UPDPOLICY: update policy dir out src 10.0.0.0/24 dst 10.0.1.0/25",
      "XFRM_MSG_DELPOLICY: delete policy dir out src 0.0.0.0/0 dst 10.0.1.0/24",
      "XFRM_MSG_GETPOLICY: get policy dir out src 10.0.0.0/24 dst 10.0.1.0/25",
      "XFRM_MSG_GETSA: list SAs",
      "XFRM_MSG_GETPOLICY: list policies",
      "XFRM_MSG_GETSADINFO: count SAs",
      "XFRM_MSG_GETSPDINFO: count policies",
    ]
  `);
});

test("a value that fits no kernel field is a RangeError without the key", () => {
  const wrong = { ...association, spi: 2 ** 32 };
  expect(() => request.addAssociation(wrong)).toThrow(
    new RangeError(
      "Cannot encode 4294967296: it is not an integer from 0 to 4294967295 (xfrm_id.spi) (xfrm_usersa_info.id)",
    ),
  );
  const name = "x".repeat(64);
  const aead = { ...association.aead, algorithm: name };
  expect(() => request.addAssociation({ ...association, aead })).toThrow(
    RangeError,
  );
});

test("addresses of different families are a RangeError", () => {
  const mixed = { source: ip("fd00::1"), destination: ip("10.0.0.1") };
  const selector = {
    source: prefix("::/0"),
    destination: prefix("10.0.0.0/8"),
  };
  for (const build of [
    () => request.addAssociation({ ...association, ...mixed }),
    () => request.addPolicy({ ...policy, selector }),
    () =>
      request.addPolicy({ ...policy, templates: [{ ...template, ...mixed }] }),
  ])
    expect(build).toThrow(/different families/u);
});

test("a socket's policy is not ours to change", () => {
  expect(() =>
    request.addPolicy({ ...policy, direction: "socket in" }),
  ).toThrow(/socket in/u);
});
