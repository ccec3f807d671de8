import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { HANDED_ON, throwers } from "../../support/throwers.ts";

const root = new URL("../../..", import.meta.url).pathname;

/** What an admin is told to do, at the beginning of a clause. */
const DO =
  /(?:^|[.,:;(]|\bor|\band|\bthen|\botherwise)\s*(?:ask|boot|correct|delete|DEL|declare|end|free|give|have|install|keep|leave|load|look|make|mend|move|name|open|pass|press|put|raise|remount|remove|rename|report|restart|run|see|set|start|stop|take|touch|turn|upgrade|use|wait|write)\b/iu;

/** A command to type. */
const TYPE = /`[a-z][^`]+`|\b(?:chmod|fuser|mount|modprobe|ls) /u;

describe("the words for a device", () => {
  it("are its name, never its index", () => {
    const said = globSync("{cni,native,ipam,plugin}/**/*.ts", {
      cwd: root,
    }).flatMap((file) =>
      [
        ...readFileSync(join(root, file), "utf8").matchAll(
          /\b(?:link|dev|device|interface) (?:#|number )?\$\{[^}]*[iI]ndex[^}]*\}/gu,
        ),
      ].map(([text]) => `${file}: ${text}`),
    );
    expect(said).toEqual([]);
  });
});

describe("every error that is made", () => {
  const found = throwers(root);

  it("is found", () => {
    expect(found.length).toBeGreaterThan(100);
  });

  it("says what to do, or what to type", () => {
    const silent = found.filter(
      ({ details }) =>
        !DO.test(details) &&
        !TYPE.test(details) &&
        !details.includes(HANDED_ON),
    );
    expect(
      silent.map(
        ({ place, message, details }) => `${place} ${message}: ${details}`,
      ),
    ).toEqual([]);
  });
});
