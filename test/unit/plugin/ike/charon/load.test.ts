import { describe, expect, it } from "vitest";
import { parseCidr } from "../../../../../ip/cidr.ts";
import { Secret } from "../../../../../conf/secret.ts";
import {
  type LoadedTunnels,
  loadTunnels,
  type ProvableTunnel,
} from "../../../../../plugin/ike/charon/load.ts";
import {
  type Revocation,
  revocationList,
} from "../../../../../plugin/x509/revocation.ts";
import { authorityOfA } from "../../kubernetes/certificates/asked.ts";
import type { ViciClient } from "../../../../../plugin/ike/vici/client.ts";
import type { IkeTunnel } from "../../../../../plugin/mesh/state.ts";
import { tunnel } from "./tunnel.ts";

/** A charon that does as it is told, and what it was told since the last time. */
function charon(): {
  readonly tell: (tunnels: readonly IkeTunnel[]) => Promise<string[]>;
} {
  const loaded: LoadedTunnels = new Map();
  let said: string[] = [];
  const vici: ViciClient = {
    request: (command, message = {}) => {
      const { id, name, ike } = message;
      const [what] = [id, name, ike, Object.keys(message)[0]].filter(
        (each) => typeof each === "string",
      );
      said.push(`${command} ${what ?? ""}`);
      return command === "terminate"
        ? Promise.reject(new Error('charon refused "terminate": no match'))
        : Promise.resolve({});
    },
    stream: () => Promise.resolve(),
    listen: () => Promise.resolve(),
    close: () => undefined,
  };
  return {
    tell: async (tunnels) => {
      said = [];
      await loadTunnels(
        vici,
        loaded,
        tunnels.map((each) => provable(each)),
      );
      return said;
    },
  };
}

/** Those that ask for a certificate get one. */
function provable(tunnel: IkeTunnel): ProvableTunnel {
  const key = new Secret(Buffer.from("the private key"));
  return tunnel.authority === undefined
    ? { tunnel }
    : { tunnel, identity: { certificate: "the node's", key, untilSeconds: 0 } };
}

describe("loadTunnels()", () => {
  it("tells charon whom to believe before it tells of the connection, and asks anew whoever may be revoked", async () => {
    const { tell } = charon();
    const authority = { certificate: "the peer's authority" };
    const revoked = { ...authority, revoked: "its list" };
    const first = tunnel({ secrets: [], authority });
    expect(await tell([first])).toEqual([
      "load-cert type",
      "load-key type",
      "load-conn crosslink-434c1234",
    ]);
    expect(await tell([first])).toEqual([]);
    expect(await tell([tunnel({ secrets: [], authority: revoked })])).toEqual([
      "unload-conn crosslink-434c1234",
      "terminate crosslink-434c1234",
      "load-cert type",
      "load-cert type",
      "load-key type",
      "load-conn crosslink-434c1234",
    ]);
  });

  it("asks anew nobody whom a list does not concern, and all where it says nobody's name", async () => {
    const by = authorityOfA();
    const of = (...revoked: Omit<Revocation, "since">[]) => {
      const since = new Date();
      const list = revocationList(
        by,
        revoked.map((one) => ({ ...one, since })),
        { number: 1, from: since, until: since },
      );
      const authority = { certificate: by.certificate, revoked: list };
      return tunnel({ secrets: [], authority, remoteId: "n1.a" });
    };
    const { tell } = charon();
    const ended = "terminate crosslink-434c1234";
    await tell([of({ serial: "41", identity: "n2.a" })]);
    const spared = await tell([
      of(
        { serial: "41", identity: "n2.a" },
        { serial: "42", identity: "n3.a" },
      ),
    ]);
    expect(spared).not.toContain(ended);
    // charon knows of them all the same, for when they come.
    expect(spared.filter((one) => one.startsWith("load-cert"))).toHaveLength(2);
    const own = { serial: "43", identity: "n1.a" };
    expect(await tell([of(own)])).toContain(ended);
    expect(await tell([of({ serial: "41" }, own)])).toContain(ended);
  });

  const all = [
    "load-shared crosslink-434c1234-2",
    "load-shared crosslink-434c1234-1",
    "load-conn crosslink-434c1234",
  ];

  it("tells charon what it does not know, once", async () => {
    const { tell } = charon();
    expect(await tell([tunnel()])).toEqual(all);
    expect(await tell([tunnel()])).toEqual([]);
  });

  it("takes away what is no longer wanted", async () => {
    const { tell } = charon();
    await tell([tunnel()]);
    expect(await tell([])).toEqual([
      "unload-conn crosslink-434c1234",
      "terminate crosslink-434c1234",
      "unload-shared crosslink-434c1234-2",
      "unload-shared crosslink-434c1234-1",
    ]);
    expect(await tell([tunnel()])).toEqual(all);
  });

  it("tells nothing anew where one that initiates moves", async () => {
    const { tell } = charon();
    await tell([tunnel({ initiator: "peer" })]);
    const remote = Uint8Array.of(203, 0, 113, 3);
    expect(await tell([tunnel({ initiator: "peer", remote })])).toEqual([]);
  });

  it("keeps SAs where CIDRs change, and ends them where the ends do", async () => {
    const { tell } = charon();
    await tell([tunnel()]);
    const remoteCidrs = [parseCidr("10.0.2.0/24")];
    expect(await tell([tunnel({ remoteCidrs })])).toEqual([
      "load-conn crosslink-434c1234",
    ]);
    const remote = Uint8Array.of(203, 0, 113, 3);
    expect(await tell([tunnel({ remoteCidrs, remote })])).toContain(
      "terminate crosslink-434c1234",
    );
  });

  it("gives secrets in their new order where the active key changes, and keeps SAs", async () => {
    const { tell } = charon();
    await tell([tunnel()]);
    const [second, first] = tunnel().secrets;
    expect(await tell([tunnel({ secrets: [first!, second!] })])).toEqual([
      "unload-shared crosslink-434c1234-2",
      "unload-shared crosslink-434c1234-1",
      "load-shared crosslink-434c1234-1",
      "load-shared crosslink-434c1234-2",
      "load-conn crosslink-434c1234",
    ]);
    const psk = new Secret(Buffer.from("another"));
    expect(await tell([tunnel({ secrets: [{ keyId: 1, psk }] })])).toContain(
      "load-shared crosslink-434c1234-1",
    );
  });
});
