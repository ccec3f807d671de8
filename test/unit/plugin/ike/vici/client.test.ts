import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  openVici,
  type ViciClient,
} from "../../../../../plugin/ike/vici/client.ts";
import {
  encodePacket,
  type Packet,
} from "../../../../../plugin/ike/vici/packet.ts";
import { packetsFrom } from "../../../../../plugin/ike/vici/stream.ts";

/** Talks to a daemon that does this with each packet; the conversation's end is told. */
async function against(
  daemon: (packet: Packet, socket: Socket) => void,
  talk: (client: ViciClient, ended: Promise<Error>) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "crosslink-vici-"));
  const path = join(folder, "vici.sock");
  const server = createServer((socket) => {
    const cut = packetsFrom();
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      for (const packet of cut(chunk)) daemon(packet, socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    const end = Promise.withResolvers<Error>();
    const client = await openVici(path, {
      patienceMs: 300,
      onEnd: end.resolve,
    });
    await talk(client, end.promise);
    client.close();
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
}

function answer(socket: Socket, ...packets: readonly Packet[]): void {
  socket.write(Buffer.concat(packets.map(encodePacket)));
}

const response = (message = {}): Packet => ({ type: "response", message });

/** What becomes of a request: its answer, or why there is none. */
function outcome(asked: Promise<unknown>): Promise<unknown> {
  return asked.catch((error: unknown) => String(error));
}

describe("openVici()", () => {
  it("gives each request its answer, in their order, whatever events come between", async () => {
    await against(
      (packet, socket) => {
        const name = "name" in packet ? packet.name : "";
        answer(
          socket,
          { type: "event", name: "other", message: { no: "thing" } },
          response({ name }),
        );
      },
      async (client) => {
        const names = ["version", "stats", "version"];
        const answers = await Promise.all(names.map((n) => client.request(n)));
        expect(answers.map(({ name }) => name)).toEqual(names);
      },
    );
  });

  it("hands over a stream's events, and none after it", async () => {
    const event = (id: string): Packet => ({
      type: "event",
      name: "list-sa",
      message: { id },
    });
    await against(
      ({ type }, socket) => {
        if (type === "request")
          answer(socket, event("1"), event("2"), response());
        else answer(socket, { type: "confirm" }, event("3"));
      },
      async (client) => {
        const seen: unknown[] = [];
        await client.stream("list-sas", "list-sa", ({ id }) => seen.push(id));
        expect(seen).toEqual(["3", "1", "2"]);
      },
    );
  });

  it("says what charon refuses, and never what it was told", async () => {
    const errmsg = "loading failed";
    await against(
      (_, socket) => {
        answer(socket, response({ success: "no", errmsg }));
      },
      async (client) => {
        const told = client.request("load-shared", { data: "the secret" });
        expect(await outcome(told)).toBe(
          'Error: charon refused "load-shared": loading failed',
        );
      },
    );
  });

  it("ends where charon says nothing, and every question with it", async () => {
    await against(
      () => undefined,
      async (client, ended) => {
        const asked = [client.request("stats"), client.request("version")];
        const silence = "Error: charon did not answer within 0.3 s";
        expect(await Promise.all(asked.map(outcome))).toEqual([
          silence,
          silence,
        ]);
        expect(String(await ended)).toBe(silence);
        expect(await outcome(client.request("stats"))).toBe(silence);
      },
    );
  });

  it("ends where charon goes, or answers what nobody asked", async () => {
    await against(
      (_, socket) => {
        socket.destroy();
      },
      async (client) => {
        expect(await outcome(client.request("stats"))).toMatch(
          /closed the conversation|ECONNRESET/u,
        );
      },
    );
    await against(
      (_, socket) => {
        answer(socket, response(), response());
      },
      async (client, ended) => {
        await client.request("stats");
        expect(String(await ended)).toContain("what nobody asked");
      },
    );
  });

  it("outlives whatever bytes come for an answer", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (bytes) => {
        await against(
          (_, socket) => {
            socket.end(bytes);
          },
          async (client) => {
            const ended = await outcome(client.request("stats"));
            expect(["string", "object"]).toContain(typeof ended);
          },
        );
      }),
      { numRuns: 60 },
    );
  });
});
