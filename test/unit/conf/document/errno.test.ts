import { expect, test } from "vitest";
import { loadClusters } from "../../../../conf/clusters.ts";
import { loadKeyring } from "../../../../conf/keyring.ts";

test.each([
  ["loadClusters()", loadClusters],
  ["loadKeyring()", loadKeyring],
])("%s refuses a path that holds a NUL character", (_, load) => {
  expect(() => load("/etc/cross\0link")).toThrow(
    expect.objectContaining({
      code: 7,
      message: expect.stringContaining("holds a NUL character") as string,
    }) as Error,
  );
});
