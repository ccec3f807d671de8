/** Runs inside a guest kernel that has ESP: SAs through our client, seen with ip's eyes, and packets through them. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { afterEach, test } from "node:test";
import { loadBinding } from "../../../native/binding.ts";
import type { NetlinkError } from "../../../native/error.ts";
import { openXfrm, type XfrmClient } from "../../../native/xfrm/client.ts";
import {
  XFRM_SA_XFLAG_DONT_ENCAP_DSCP,
  XFRM_STATE_ESN,
  XFRM_STATE_NOPMTUDISC,
} from "../../../native/xfrm/constants.ts";
import type {
  ObservedAssociation,
  SecurityAssociation,
} from "../../../native/xfrm/sa.ts";
import {
  association,
  countingKey,
  ip,
  policy,
  prefix,
  template,
} from "../../support/xfrm/xfrm.ts";

const binding = loadBinding();
const xfrm = openXfrm(binding);

afterEach(() => {
  shell("ip xfrm state flush; ip xfrm policy flush");
});

const everything: SecurityAssociation = {
  source: ip("2001:db8:1::2"),
  destination: ip("2001:db8:2::3"),
  spi: 0x020000bb,
  reqid: 0x434c0304,
  mode: "tunnel",
  replayWindow: 128,
  aead: {
    algorithm: "rfc4106(gcm(aes))",
    key: countingKey(36),
    icvBits: 96,
  },
  encapsulation: { sourcePort: 4500, destinationPort: 4511 },
  flags: XFRM_STATE_ESN | XFRM_STATE_NOPMTUDISC,
  extraFlags: XFRM_SA_XFLAG_DONT_ENCAP_DSCP,
  mark: { value: 0x1234, mask: 0xffff },
  outputMark: { value: 0x9abc, mask: 0xff00 },
  ifId: 0x5678,
  tfcPadding: 1300,
};

await test("an IPv4 SA with a 20-byte key is what ip shows and what is read back", () => {
  xfrm.addAssociation(association);
  assert.equal(
    listedByIp(),
    [
      "src 172.17.1.2 dst 203.0.113.2",
      "\tproto esp spi 0x010000ba reqid 1129054466 mode tunnel",
      "\treplay-window 0 ",
      "\taead rfc4106(gcm(aes)) 0x000102030405060708090a0b0c0d0e0f10111213 128",
      "\tanti-replay context: seq 0x0, oseq 0x0, bitmap 0x00000000",
      "\tsel src 0.0.0.0/0 dst 0.0.0.0/0 ",
      "",
    ].join("\n"),
  );
  assertSame(only(xfrm.associations()), association);
  assertSame(xfrm.getAssociation(association), association);
  assert.equal(xfrm.countAssociations(), 1);
});

await test("an IPv6 SA with a 36-byte key and every field set is, too", () => {
  xfrm.addAssociation(everything);
  assert.equal(
    listedByIp(),
    [
      "src 2001:db8:1::2 dst 2001:db8:2::3",
      "\tproto esp spi 0x020000bb reqid 1129054980 mode tunnel",
      "\treplay-window 0 flag nopmtudisc esn",
      "\tmark 0x1234/0xffff output-mark 0x9abc/0xff00",
      "\taead rfc4106(gcm(aes)) 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223 96",
      "\tencap type espinudp sport 4500 dport 4511 addr ::",
      "\tanti-replay esn context:",
      "\t seq-hi 0x0, seq 0x0, oseq-hi 0x0, oseq 0x0",
      "\t replay_window 128, bitmap-length 4",
      "\t 00000000 00000000 00000000 00000000 ",
      "\tif_id 0x5678",
      "\ttfcpad 1300",
      "\tsel src ::/0 dst ::/0 ",
      "",
    ].join("\n"),
  );
  assertSame(only(xfrm.associations()), everything);
});

await test("an SA that ip added is read as what it is", () => {
  shell(`ip xfrm state add src 172.17.1.2 dst 203.0.113.2 proto esp spi 0x010000ba reqid 0x434c0102 mode tunnel \\
    aead 'rfc4106(gcm(aes))' 0x000102030405060708090a0b0c0d0e0f10111213 128`);
  assertSame(only(xfrm.associations()), association);
});

await test("destination, SPI and protocol are one SA's alone", () => {
  xfrm.addAssociation(association);
  const other = { ...association, source: ip("172.17.1.9") };
  const errors = xfrm.addAssociations([other, { ...association, spi: 0x1001 }]);
  assert.deepEqual(codes(errors), ["EEXIST", undefined]);
});

await test("updateAssociation() changes ports and ifId, not the key, and adds no encapsulation", () => {
  const { aead } = association;
  const first = { sourcePort: 4500, destinationPort: 4511 };
  const second = { sourcePort: 4501, destinationPort: 4512 };
  xfrm.addAssociation({ ...association, encapsulation: first });
  const wanted = { ...association, encapsulation: second, ifId: 7 };
  const key = countingKey(36);
  xfrm.updateAssociation({ ...wanted, aead: { ...aead, key } });
  assertSame(only(xfrm.associations()), wanted);
  const errors = xfrm.updateAssociations([
    association,
    { ...association, spi: 0x1001 },
  ]);
  assert.deepEqual(codes(errors), ["EINVAL", "ESRCH"]);
});

await test("deleteAssociation() deletes one, and by its mark where it has one", () => {
  const mark = { value: 1, mask: 0xff };
  xfrm.addAssociations([association, { ...association, spi: 5, mark }]);
  const ids = [
    association,
    { ...association, spi: 5 },
    { ...association, spi: 5, mark },
    association,
  ];
  assert.deepEqual(codes(xfrm.deleteAssociations(ids)), [
    undefined,
    "ESRCH",
    undefined,
    "ESRCH",
  ]);
  assert.deepEqual(xfrm.associations(), []);
  assert.equal(xfrm.getAssociation(association), undefined);
});

await test("other programs' SAs are decoded and foreign", () => {
  const ends = "src 172.17.1.2 dst 203.0.113.2";
  shell(`
    ip xfrm state add ${ends} proto esp spi 1 mode tunnel auth-trunc 'hmac(sha256)' 0x${"01".repeat(32)} 128 enc 'cbc(aes)' 0x${"02".repeat(16)}
    ip xfrm state add ${ends} proto ah spi 2 mode transport auth 'hmac(sha1)' 0x${"03".repeat(20)}
    ip xfrm state add ${ends} proto comp spi 3 mode tunnel comp deflate
    ip xfrm state add ${ends} proto esp spi 4 mode tunnel aead 'rfc4106(gcm(aes))' 0x${"04".repeat(20)} 128 limit packet-hard 9
    ip xfrm state add ${ends} proto esp spi 5 mode tunnel aead 'rfc4106(gcm(aes))' 0x${"04".repeat(20)} 128 sel src 10.0.0.0/8
    ip xfrm state add ${ends} proto esp spi 6 mode beet aead 'rfc4106(gcm(aes))' 0x${"04".repeat(20)} 128
  `);
  const found = xfrm.associations();
  const foreign = (spi: number) => found.find((sa) => sa.spi === spi)?.foreign;
  assert.deepEqual(foreign(1), [
    "no AEAD algorithm",
    "authentication hmac(sha256)",
    "encryption cbc(aes)",
  ]);
  assert.deepEqual(foreign(2), [
    "protocol 51",
    "no AEAD algorithm",
    "authentication hmac(sha1)",
  ]);
  assert.deepEqual(foreign(3), [
    "protocol 108",
    "no AEAD algorithm",
    "compression deflate",
  ]);
  assert.deepEqual(foreign(4), ["lifetime limits"]);
  assert.deepEqual(foreign(5), ["selector"]);
  assert.equal(found.find((sa) => sa.spi === 6)?.mode, "mode 4");
});

await test("2,000 SAs are added, listed and deleted", () => {
  const many = Array.from({ length: 2000 }, (_, index) => ({
    ...association,
    spi: 0x1000 + index,
    reqid: 0x434c0000 + index,
    replayWindow: index % 33,
  }));
  assert.deepEqual(codes(xfrm.addAssociations(many)).filter(Boolean), []);
  const started = performance.now();
  const found = xfrm.associations().sort((a, b) => a.spi - b.spi);
  console.log(
    `2,000 SAs listed in ${Math.round(performance.now() - started)} ms`,
  );
  assert.equal(found.length, many.length);
  found.forEach((sa, index) => {
    assertSame(sa, many[index]);
  });
  assert.equal(xfrm.countAssociations(), 2000);
  assert.equal(shell("ip xfrm state list | grep -c ^src").trim(), "2000");
  assert.deepEqual(codes(xfrm.deleteAssociations(many)).filter(Boolean), []);
  assert.deepEqual(xfrm.associations(), []);
});

await test("packets go through SAs and policies, and are counted", () => {
  twoNodes("a", "b");
  const there = { ...association, replayWindow: 32 };
  const back = {
    ...there,
    source: there.destination,
    destination: there.source,
    spi: 0x020000ba,
  };
  const a = node("a", [there, back], "out");
  const b = node("b", [there, back], "in");
  shell("ip netns exec a ping -c 3 -i 0.2 -W 2 -I 10.0.0.1 10.0.1.1");
  const sent = a.getAssociation(there);
  const received = b.getAssociation(there);
  assert.ok(sent !== undefined && received !== undefined);
  assert.deepEqual(sent.sequence, { output: 3n, input: 0n });
  assert.deepEqual(received.sequence, { output: 0n, input: 3n });
  assert.equal(received.current.packets, 3n);
  assert.equal(sent.current.bytes, 252n);
  assert.ok(received.current.useTimeSeconds > 0n);
  a.close();
  b.close();
});

await test("of two SAs the kernel uses the one that says it is newer, and the other once that has gone", () => {
  twoNodes("c", "d");
  const next = { ...association, spi: 0x030000ba };
  const c = node("c", [association], "out");
  const made = c.getAssociation(association);
  assert.ok(made !== undefined);
  const { current } = made;
  const addTimeSeconds = current.addTimeSeconds + 86_400n;
  const changes = [association, { ...association, spi: 5 }].map((id) => ({
    ...id,
    current: { ...current, addTimeSeconds },
  }));
  assert.deepEqual(codes(c.setCurrents(changes)), [undefined, "ESRCH"]);
  c.addAssociation(next);
  const ping = "ip netns exec c ping -c 1 -W 1 -I 10.0.0.1 10.0.1.1 || true";
  shell(ping);
  const sent = (sa: SecurityAssociation) =>
    c.getAssociation(sa)?.sequence.output;
  assert.deepEqual([sent(association), sent(next)], [1n, 0n]);
  assert.equal(
    c.getAssociation(association)?.current.addTimeSeconds,
    addTimeSeconds,
  );
  c.deleteAssociation(association);
  shell(ping);
  assert.equal(sent(next), 1n);
  c.close();
});

/** Two namespaces with a cable between them, as `association` has its ends. */
function twoNodes(one: string, other: string): void {
  shell(`
    ip netns add ${one}; ip netns add ${other}
    ip -n ${one} link add e0 type veth peer name e0 netns ${other}
    for end in ${one}:172.17.1.2:10.0.0.1 ${other}:203.0.113.2:10.0.1.1; do
      IFS=: read -r node outer inner <<<"$end"
      ip -n $node addr add $outer/32 dev e0; ip -n $node addr add $inner/32 dev lo
      ip -n $node link set e0 up; ip -n $node link set lo up; ip -n $node route add default dev e0 src $inner
    done`);
}

/** SAs and the policies for them in a namespace; `there` is the direction of what goes from a to b. */
function node(
  name: string,
  list: readonly SecurityAssociation[],
  there: "in" | "out",
): XfrmClient {
  const fd = openSync(`/run/netns/${name}`, "r");
  const client = openXfrm(binding, { netns: fd });
  closeSync(fd);
  assert.deepEqual(codes(client.addAssociations(list)).filter(Boolean), []);
  const selector = {
    source: prefix("10.0.0.1/32"),
    destination: prefix("10.0.1.1/32"),
  };
  client.addPolicy({
    ...policy,
    selector,
    direction: there,
    templates: [template],
  });
  client.addPolicy({
    ...policy,
    selector: { source: selector.destination, destination: selector.source },
    direction: there === "in" ? "out" : "in",
    templates: [
      {
        ...template,
        source: template.destination,
        destination: template.source,
      },
    ],
  });
  return client;
}

/** All that was asked for is there, the key's bytes included, and nothing foreign. */
function assertSame(
  observed: ObservedAssociation | undefined,
  wanted: SecurityAssociation | undefined,
): void {
  assert.ok(observed !== undefined && wanted !== undefined);
  const {
    aead,
    protocol,
    current,
    statistics,
    sequence,
    lastUsedSeconds,
    foreign,
    ...rest
  } = observed;
  const { aead: wantedAead, ...wantedRest } = wanted;
  assert.deepEqual(rest, wantedRest);
  assert.deepEqual(foreign, []);
  assert.equal(protocol, 50);
  assert.equal(aead?.algorithm, wantedAead.algorithm);
  assert.equal(aead.icvBits, wantedAead.icvBits);
  assert.ok(aead.key.equals(wantedAead.key));
  assert.ok(current.addTimeSeconds > 0n);
  assert.deepEqual(statistics, {
    replayWindow: 0,
    replay: 0,
    integrityFailed: 0,
  });
  assert.deepEqual(sequence, { output: 0n, input: 0n });
  assert.equal(lastUsedSeconds, undefined);
}

function only(
  list: readonly ObservedAssociation[],
): ObservedAssociation | undefined {
  assert.equal(list.length, 1);
  return list[0];
}

function codes(errors: readonly (NetlinkError | undefined)[]) {
  return errors.map((error) => error?.code);
}

function listedByIp(): string {
  return shell("ip -d xfrm state list");
}

// With Node's pipe on its standard input bash takes itself for a remote shell, and reads ~/.bashrc.
function shell(script: string): string {
  return execFileSync("bash", ["--norc", "-ec", script], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
}
