import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { begin } from "../../../../../plugin/kubernetes/api/request.ts";
import { fakeApi, stream } from "../../../../support/kubernetes/fake-api.ts";

it("a connection that waits for news sends nothing for most of a minute: an API server has thousands of them", async () => {
  await using api = await fakeApi();
  api.answers.push(stream([]));
  const { abort } = await begin(api.access, { path: "/apis/x/things" });
  const { port } = new URL(api.access.server);
  const words = ["-Htno", "state", "established", `dport = :${port}`];
  const shown = execFileSync("ss", words, { encoding: "utf8" });
  abort();
  expect(shown).toMatch(/timer:\(keepalive,[2-5]\dsec/u);
});
