import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseResolvConf, readResolvConf } from "../../../ipam/resolv-conf.ts";
import { temporary } from "../../support/ipam/call.ts";

describe("parseResolvConf()", () => {
  it("reads every keyword, and leaves comments out", () => {
    const text = `# a comment
; another
nameserver 10.0.0.10 ignored
  nameserver\tfd00::10
domain old.example
domain example.org
search a.example b.example
search c.example
options ndots:5 timeout:1
nameserver
sortlist 10.0.0.0
`;
    expect(parseResolvConf(text)).toEqual({
      nameservers: ["10.0.0.10", "fd00::10"],
      domain: "example.org",
      search: ["a.example", "b.example", "c.example"],
      options: ["ndots:5", "timeout:1"],
    });
  });

  it("has nothing to say about an empty file", () => {
    expect(parseResolvConf("")).toEqual({});
  });
});

describe("readResolvConf()", () => {
  it("reads a file, and neither waits for a FIFO nor takes a folder", () => {
    using folder = temporary();
    const [file, fifo] = ["file", "fifo"].map((name) =>
      join(folder.path, name),
    );
    writeFileSync(file!, "nameserver 10.0.0.10\n");
    execFileSync("mkfifo", [fifo!]);
    expect(readResolvConf(file!)).toEqual({ nameservers: ["10.0.0.10"] });
    expect(() => readResolvConf(fifo!)).toThrow("is not a regular file");
    expect(() => readResolvConf(folder.path)).toThrow("is not a regular file");
    expect(() => readResolvConf(join(folder.path, "none"))).toThrow("ENOENT");
  });
});
