import { describe, expect, it } from "vitest";
import { CniError } from "../../../../cni/error.ts";
import { COMMANDS } from "../../../../plugin/commands/main.ts";
import type { Options } from "../../../../plugin/commands/options.ts";
import { OPTIONS } from "../../../../plugin/commands/option-table.ts";
import { parseOptions } from "../../../../plugin/commands/words.ts";

function parse(name: string, ...args: string[]): Options {
  const command = COMMANDS.find((entry) => entry.name === name);
  if (command === undefined) throw new Error(`There is no command ${name}`);
  return parseOptions(args, command, COMMANDS);
}

/** Message and details of the refusal; throws where nothing is refused. */
function refusal(name: string, ...args: string[]): string {
  try {
    parse(name, ...args);
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    expect(error.code).toBe(7);
    return `${error.message}\n${error.details}`;
  }
  throw new Error(`${name} ${args.join(" ")} was not refused`);
}

describe("parseOptions()", () => {
  it("tells values, flags and words apart", () => {
    const words = ["free", "--data-dir", "/a", "--json", "--stale", "10.0.0.1"];
    expect(parse("ipam", ...words)).toEqual({
      dataDir: "/a",
      json: true,
      flags: new Set(["stale"]),
      positionals: ["free", "10.0.0.1"],
    });
    expect(parse("plan", "--node=vm-0-7")).toMatchObject({ node: "vm-0-7" });
    expect(parse("plan", "--node=-x")).toMatchObject({ node: "-x" });
    const twice = parse("plan", "--node", "a", "--node", "b");
    expect(twice).toMatchObject({ node: "b" });
  });

  it("takes every option with some command, and refuses it by name with all that would not look at it", () => {
    const names = [
      ...Object.keys(OPTIONS),
      ...COMMANDS.flatMap(({ flags = {} }) => Object.keys(flags)),
    ];
    for (const option of names) {
      const words =
        option in OPTIONS && option !== "json"
          ? [`--${option}`, "x"]
          : [`--${option}`];
      const takers = COMMANDS.filter(
        ({ takes, flags = {} }) =>
          (takes as readonly string[]).includes(option) || option in flags,
      );
      expect(takers).not.toEqual([]);
      for (const { name } of takers)
        expect(() => parse(name, ...words)).not.toThrow();
      for (const { name } of COMMANDS.filter((one) => !takers.includes(one))) {
        const text = refusal(name, ...words);
        expect(text).toContain(`\`crosslink ${name}\` takes no --${option}\n`);
        for (const taker of takers)
          expect(text).toContain(`\`crosslink ${taker.name}\``);
      }
    }
  });

  it.each<[string[], RegExp]>([
    [["plan", "--metrics", "/m"], /`crosslink agent` does/],
    [
      ["plan", "--bogus"],
      /no option --bogus\n.*takes --conflist, .* and --json/,
    ],
    [["plan", "--nod", "a"], /no option --nod\ndid you mean --node\?/],
    [["plan", "-n", "a"], /no option -n\n/],
    [["plan", "--node"], /--node needs a value\nwrite --node NAME/],
    [["plan", "--node", "--json"], /--node needs a value/],
    [["plan", "--json=yes"], /--json takes no value/],
    [["plan", "vm-0-7"], /word "vm-0-7" is one too many for `crosslink plan`/],
    [["apply", "--", "--json"], /word "--json" is one too many/],
    [["routes", "a", "b"], /word "b" .*\nit takes the name of one plain/],
    [["version", "please"], /word "please"/],
    [["teardown", "--clusters", "/c"], /takes no --clusters\n.*plan.*apply/],
  ])("refuses %j", ([name = "", ...args], expected) => {
    expect(refusal(name, ...args)).toMatch(expected);
  });
});
