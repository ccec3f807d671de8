import { describe, expect, it } from "vitest";
import { addressesOf, type Call } from "../../support/ipam/call.ts";
import {
  type Outcome,
  playApart,
  type Step,
} from "../../support/ipam/session.ts";

const STORE = "/var/lib/cni/networks";
const DIRECTORY = `${STORE}/podnet`;

/** Folders of its own, as a node's: what is below /run goes with a boot, what is below /var/lib stays. */
const NODE = `mount -t tmpfs none /run; mount -t tmpfs none /var/lib; mkdir -p /run/netns ${DIRECTORY} /var/lib/cni/results`;

const REBOOT = `umount /run/netns/* 2>/dev/null || true; umount /proc/sys/kernel/random/boot_id 2>/dev/null || true
  rm -rf /run/*; mkdir /run/netns; cat /proc/sys/kernel/random/uuid > /run/boot
  mount --bind /run/boot /proc/sys/kernel/random/boot_id`;

/** Room for five: 10.1.2.2 to 10.1.2.6. */
const RANGE = "10.1.2.0/29";

function call(command: Call["command"], id = "", subnet = RANGE): Call {
  const ipam = { type: "crosslink-ipam", subnet };
  const config = { cniVersion: "1.1.0", name: "podnet", ipam };
  return { command, id, netns: `/run/netns/${id}`, config };
}

/** A pod: a namespace with a name, and an address. */
function pod(id: string, subnet = RANGE): readonly Step[] {
  return [namespaceOf(id), call("ADD", id, subnet)];
}

function namespaceOf(id: string): string {
  return `touch /run/netns/${id}; unshare --net=/run/netns/${id} true`;
}

function without(id: string): string {
  return `umount /run/netns/${id}; rm /run/netns/${id}`;
}

/** A file in the store, as printf(1) writes it. */
function reservation(address: string, content: string): string {
  return `printf '${content}' > ${DIRECTORY}/${address}`;
}

/** What libcni remembers of a container. */
function cached(id: string, netns: string, address: string): string {
  const result = { ips: [{ address: `${address}/29` }] };
  const text = JSON.stringify({ kind: "cniCacheV1", netns, result });
  return `echo '${text}' > /var/lib/cni/results/podnet-${id}-eth0`;
}

function play(...steps: readonly (Step | readonly Step[])[]) {
  return playApart(NODE, DIRECTORY, steps.flat());
}

/** Who has which address, in the end. */
function holders(outcomes: readonly Outcome[]): Record<string, string> {
  const files = Object.entries(outcomes.at(-1)?.files ?? {});
  return Object.fromEntries(
    files
      .filter(([name]) => /^\d/.test(name))
      .map(([name, content]) => [name, content.split("\r\n")[0] ?? ""]),
  );
}

const FULL = ["a", "b", "c", "d", "e"];
const EXHAUSTED = { code: 1, output: { code: 50 } };

describe("an exhausted range set", () => {
  it("gives after a reboot what the pods before it had", () => {
    const outcomes = play(
      FULL.flatMap((id) => pod(id)),
      call("STATUS"),
      REBOOT,
      call("STATUS"),
      pod("f"),
    );
    const [full, , status, , added] = outcomes.slice(-5);
    expect(full!.answer).toMatchObject(EXHAUSTED);
    expect(status!.answer).toEqual({ code: 0 });
    expect(addressesOf(added!.answer)).toEqual(["10.1.2.2"]);
    expect(holders(outcomes)).toEqual({ "10.1.2.2": "f" });
  });

  it("frees whose namespace is gone, and never who lives", () => {
    const outcomes = play(
      FULL.flatMap((id) => pod(id)),
      pod("f"),
      without("c"),
      call("STATUS"),
      call("ADD", "f"),
      call("STATUS"),
      pod("g"),
    );
    const [, refused] = outcomes.slice(10);
    expect(refused!.answer).toMatchObject(EXHAUSTED);
    const [status, added, again, , other] = outcomes.slice(-5);
    expect(status!.answer).toEqual({ code: 0 });
    expect(addressesOf(added!.answer)).toEqual(["10.1.2.4"]);
    expect(again!.answer).toMatchObject(EXHAUSTED);
    expect(other!.answer).toMatchObject(EXHAUSTED);
    expect(Object.values(holders(outcomes))).toEqual(["a", "b", "f", "d", "e"]);
  });

  it("frees in a range that takes more than a few looks", () => {
    const many = Array.from({ length: 252 }, (_, i) => `p${i}`);
    const wide = "10.1.2.0/24";
    const outcomes = play(
      pod("old", wide),
      many.map((id, i) => reservation(`10.1.2.${i + 3}`, `${id}\\r\\neth0`)),
      without("old"),
      pod("new", wide),
    );
    expect(addressesOf(outcomes.at(-1)!.answer)).toEqual(["10.1.2.2"]);
  });

  it("believes libcni's cache of a pod that host-local served, where it is about this address", () => {
    const outcomes = play(
      ["a", "b", "c", "d"].map((id, i) =>
        reservation(`10.1.2.${i + 2}`, `${id}\\r\\neth0`),
      ),
      namespaceOf("b"),
      cached("a", "/run/netns/a", "10.1.2.2"),
      cached("b", "/run/netns/b", "10.1.2.3"),
      cached("c", "/run/netns/c", "10.1.2.99"),
      cached("d", "/proc/4194305/ns/net", "10.1.2.5"),
      call("ADD", "e"),
      pod("f"),
      pod("g"),
      cached("e", "/run/netns/e", "10.1.2.6"),
      call("ADD", "g"),
    );
    const [, f, , g, , again] = outcomes.slice(-6);
    expect(addressesOf(f!.answer)).toEqual(["10.1.2.2"]);
    expect(g!.answer).toMatchObject(EXHAUSTED);
    expect(addressesOf(again!.answer)).toEqual(["10.1.2.6"]);
    expect(Object.values(holders(outcomes))).toEqual(["f", "b", "c", "d", "g"]);
  });

  it("frees empty files and what a crash filled with zeros, but no other program's", () => {
    const outcomes = play(
      reservation("10.1.2.2", ""),
      reservation("10.1.2.3", "\\0".repeat(70)),
      reservation("10.1.2.4", "some other file"),
      reservation("10.1.2.5", "abc\\r\\neth0"),
      pod("a"),
      call("STATUS"),
      pod("b"),
      pod("c"),
      pod("d"),
    );
    const answers = outcomes.map(({ answer }) => answer);
    expect(answers[6]).toEqual({ code: 0 });
    expect(answers.at(-1)).toMatchObject(EXHAUSTED);
    expect(Object.values(holders(outcomes))).toEqual([
      "b",
      "c",
      "some other file",
      "abc",
      "a",
    ]);
  });
});

describe("reservations of which nothing is known", () => {
  const UNKNOWN = [
    reservation("10.1.2.2", "held\\r\\neth0"),
    reservation("10.1.2.3", "legacy"),
    reservation("10.1.2.4", "half-writ"),
    reservation("10.1.2.5", "half\\r\\n"),
    reservation("10.1.2.6", "held-2\\r\\net"),
  ];

  it("stay, however old their files look, until the boot in which they were seen has ended", () => {
    const outcomes = play(
      UNKNOWN,
      `touch -d 1970-01-02 ${DIRECTORY}/10.1.2.*`,
      REBOOT,
      call("STATUS"),
      pod("f"),
      REBOOT,
      pod("g"),
    );
    const answers = outcomes.slice(-6).map(({ answer }) => answer);
    expect(answers[0]).toMatchObject(EXHAUSTED);
    expect(answers[2]).toMatchObject(EXHAUSTED);
    expect(addressesOf(answers[5]!)).toEqual(["10.1.2.2"]);
    expect(holders(outcomes)).toEqual({ "10.1.2.2": "g" });
  });

  it("stay where another program has reserved anew for the same container", () => {
    const outcomes = play(
      UNKNOWN,
      call("STATUS"),
      REBOOT,
      `rm ${DIRECTORY}/10.1.2.2`,
      reservation("10.1.2.2", "held\\r\\neth0"),
      ["f", "g", "h", "i", "j"].flatMap((id) => pod(id)),
    );
    expect(outcomes.at(-1)!.answer).toMatchObject(EXHAUSTED);
    expect(Object.values(holders(outcomes))).toEqual([
      "held",
      "f",
      "g",
      "h",
      "i",
    ]);
  });

  it("stay where the namespace was never seen, or where no mounts reach the program", () => {
    const outcomes = play(
      FULL.map((id) => call("ADD", id)),
      call("ADD", "f"),
      reservation("10.1.2.2", "x\\r\\neth0"),
      cached("x", "/run/netns/x", "10.1.2.2"),
      "touch /run/netns/f",
      call("ADD", "f"),
    );
    expect(outcomes[5]!.answer).toMatchObject(EXHAUSTED);
    expect(outcomes.at(-1)!.answer).toMatchObject(EXHAUSTED);
    expect(Object.values(holders(outcomes))).toEqual(["x", "b", "c", "d", "e"]);
  });
});
