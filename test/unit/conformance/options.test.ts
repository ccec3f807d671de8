import { describe, expect, it } from "vitest";
import { parseOptions } from "../../conformance/options.ts";

const required = ["--plugin", "/bin/x", "--conf", "x.json"];

describe("parseOptions()", () => {
  it("needs a plugin and a configuration", () => {
    expect(() => parseOptions(required.slice(0, 2))).toThrow(TypeError);
    expect(() => parseOptions(required.slice(2))).toThrow("--plugin");
  });

  it("fills in what is not said", () => {
    expect(parseOptions(required)).toMatchObject({
      plugin: "/bin/x",
      conf: "x.json",
      ipam: false,
      ifname: "eth0",
      damage: [],
      only: "",
      jobs: 12,
    });
  });

  it("takes several damages", () => {
    const damage = ["a=true", "b=false"];
    const args = damage.flatMap((text) => ["--damage", text]);
    expect(parseOptions([...required, ...args]).damage).toEqual(damage);
  });

  it.each(["0", "1.5", "many", "-1"])("refuses %s jobs", (jobs) => {
    expect(() => parseOptions([...required, `--jobs=${jobs}`])).toThrow(
      `want --jobs 1 or more: "${jobs}"`,
    );
  });

  it("refuses options that it doesn't know", () => {
    expect(() => parseOptions([...required, "--junk"])).toThrow(TypeError);
  });
});
