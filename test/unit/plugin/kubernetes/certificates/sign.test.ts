import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ApiError } from "../../../../../plugin/kubernetes/api/error.ts";
import { signRequests } from "../../../../../plugin/kubernetes/certificates/sign.ts";
import {
  type Answer,
  type Asked,
  fakeApi,
  json,
} from "../../../../support/kubernetes/fake-api.ts";
import {
  asked,
  authorityOfA,
  bound,
  nodeKey,
  nodes,
  signedFor,
} from "./asked.ts";

const PATH = /^.*\/(certificatesigningrequests|namespaces\/crosslink-system)/;
const DAY_MS = 86_400_000;

/** As the API server does: what was written, of a later version. */
const echo: Answer = (response, { body }) => {
  const metadata = { ...body.metadata, resourceVersion: "8" };
  json({ ...body, metadata })(response, { body } as never);
};

/** An API server, and what signs before it. */
async function site(...answers: Answer[]) {
  const api = await fakeApi();
  api.answers.push(...(answers.length === 0 ? [echo] : answers));
  const authority = authorityOfA();
  const lines: string[] = [];
  return {
    ...{ api, authority, lines },
    signed: new Map<string, ReturnType<typeof signedFor>>(),
    sign(...requests: ReturnType<typeof asked>[]) {
      return signRequests({
        access: api.access,
        log: (_, line) => lines.push(line),
        ...{ cluster: "a", authority, nodes, requests, signed: this.signed },
        ...{ named: new Set(), revoked: new Set() },
      });
    },
    written: () =>
      api.asked.map(
        ({ method, path }) => `${method} ${path.replace(PATH, "")}`,
      ),
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}

const certificateIn = (body: { status: { certificate: string } }) =>
  new X509Certificate(Buffer.from(body.status.certificate, "base64"));

/** What was written first. */
const statusIn = ([first]: readonly Asked[]) => {
  if (first === undefined) throw new Error("Nothing was written");
  const { status } = first.body;
  return status as {
    readonly certificate?: string;
    readonly conditions: readonly { readonly type: string }[];
  };
};

describe("signRequests()", () => {
  it("approves a node's request, and signs it", async () => {
    await using s = await site();
    expect(await s.sign(asked())).toEqual([]);
    expect(s.written()).toEqual([
      "PUT /r/approval",
      "POST /secrets",
      "PUT /r/status",
    ]);
    const [approval, noted, status] = s.api.asked;
    expect(approval?.body).toMatchObject({
      kind: "CertificateSigningRequest",
      metadata: { resourceVersion: "7" },
      status: { conditions: [{ type: "Approved", status: "True" }] },
    });
    expect(status?.body.metadata.resourceVersion).toBe("8");
    const certificate = certificateIn(status?.body);
    expect(certificate.subjectAltName).toBe("DNS:n1.a");
    expect(certificate.checkPrivateKey(nodeKey.privateKey)).toBe(true);
    expect(
      certificate.verify(
        new X509Certificate(s.authority.certificate).publicKey,
      ),
    ).toBe(true);
    const note = noted?.body.stringData["certificates.json"];
    expect(JSON.parse(note)).toMatchObject([
      { serial: certificate.serialNumber, node: "uid-of-n1" },
    ]);
    const days = (certificate.validToDate.getTime() - Date.now()) / DAY_MS;
    expect(days).toBeGreaterThan(29);
    expect(days).toBeLessThanOrEqual(30);
  });

  it.each([
    [600, 600],
    [400 * 86_400, 30 * 86_400],
  ])(
    "signs for %d s at most where so long is asked for, and no longer than 30 days",
    async (expirationSeconds, seconds) => {
      await using s = await site();
      await s.sign(asked({ expirationSeconds }));
      const { validToDate } = certificateIn(s.api.asked[2]?.body);
      const left = (validToDate.getTime() - Date.now()) / 1000;
      expect(left).toBeLessThanOrEqual(seconds);
      expect(left).toBeGreaterThan(seconds - 60);
    },
  );

  it("denies another node's name, with the reason", async () => {
    await using s = await site();
    const [denied] = await s.sign(asked({ extra: bound("n2") }));
    expect(denied).toMatchObject({ request: "r", node: "n2" });
    expect(denied?.sentence).toContain('"n1.a"');
    expect(s.written()).toEqual(["PUT /r/approval"]);
    const [condition] = statusIn(s.api.asked).conditions;
    expect(condition).toMatchObject({
      type: "Denied",
      message: denied?.sentence,
    });
  });

  it("signs what was approved before it was killed, and that alone", async () => {
    await using s = await site();
    const status = { conditions: [{ type: "Approved", status: "True" }] };
    await s.sign(asked({}, { status }));
    expect(s.written()).toEqual(["POST /secrets", "PUT /r/status"]);
    expect(s.api.asked[1]?.body.status.conditions).toHaveLength(1);
  });

  it("does not sign what a hand has approved and is not right", async () => {
    await using s = await site();
    const status = { conditions: [{ type: "Approved", status: "True" }] };
    const denied = await s.sign(asked({ extra: {} }, { status }));
    expect(denied).toHaveLength(1);
    expect(s.written()).toEqual(["PUT /r/status"]);
    const { conditions, certificate } = statusIn(s.api.asked);
    expect(conditions[1]).toMatchObject({ type: "Failed" });
    expect(certificate).toBeUndefined();
  });

  it.each([
    [{ certificate: "eA==", conditions: [{ type: "Approved" }] }],
    [{ conditions: [{ type: "Denied" }] }],
    [{ conditions: [{ type: "Approved" }, { type: "Failed" }] }],
  ])("leaves alone what has an answer: %j", async (status) => {
    await using s = await site();
    await s.sign(asked({}, { status }));
    expect(s.written()).toEqual([]);
  });

  it("serves each node once a turn, whoever asks without end", async () => {
    await using s = await site();
    const many = Array.from({ length: 300 }, (_, at) =>
      asked({ extra: bound("n2") }, { name: `x${at}` }),
    );
    await s.sign(...many, asked());
    expect(s.written()).toEqual([
      "PUT /x0/approval",
      "PUT /r/approval",
      "POST /secrets",
      "PUT /r/status",
    ]);
  });

  it("gives nothing that could not be noted, and the same certificate once it can", async () => {
    await using s = await site(echo, json({}, { status: 409 }), echo);
    const one = asked();
    Object.assign(one.metadata, { uid: "its-uid" });
    await s.sign(one);
    expect(s.written()).toEqual(["PUT /r/approval", "POST /secrets"]);
    const [, first] = s.api.asked;
    const noted = JSON.parse(first?.body.stringData["certificates.json"]);
    // Another publisher had been faster, and was killed then.
    s.signed.set("n1", signedFor("n1", noted));
    await s.sign(one);
    expect(s.written().slice(2)).toEqual([
      "PUT /r/approval",
      "PATCH /secrets/signed-n1",
      "PUT /r/status",
    ]);
    const certificate = certificateIn(s.api.asked.at(-1)?.body);
    expect(noted).toMatchObject([{ serial: certificate.serialNumber }]);
  });

  it("waits where what was signed for a node makes no sense", async () => {
    await using s = await site();
    s.signed.set("n1", signedFor("n1", undefined));
    expect(await s.sign(asked())).toEqual([]);
    expect(s.written()).toEqual([]);
  });

  it.each([409, 404])("waits for the next turn after %d", async (status) => {
    await using s = await site(json({}, { status }));
    expect(await s.sign(asked())).toEqual([]);
    expect(s.written()).toEqual(["PUT /r/approval"]);
  });

  it("says what the API server refuses", async () => {
    const message = "user not permitted to approve requests with signerName";
    await using s = await site(json({ message }, { status: 403 }));
    await expect(s.sign(asked())).rejects.toThrow(ApiError);
    expect(s.lines.join()).not.toContain("signed");
  });
});
