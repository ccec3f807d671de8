import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { CniError } from "../../../../cni/error.ts";
import { chooseConflist } from "../../../../plugin/install/choice.ts";

it("says of a folder that is not there that there is none, and what makes it", () => {
  const folder = mkdtempSync(join(tmpdir(), "crosslink-choice-"));
  const said = (): CniError => {
    try {
      throw new Error(`It chose ${chooseConflist(folder).path}`);
    } catch (error) {
      if (error instanceof CniError) return error;
      throw error;
    }
  };
  expect(said().message).toContain("no file there ends in .conflist");
  rmdirSync(folder);
  expect(said()).toMatchObject({
    code: 7,
    message: `Cannot find a conflist in "${folder}": there is no such folder`,
    details: expect.stringContaining("install that plugin") as string,
  });
});
