import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CniError } from "../../../../../cni/error.ts";
import { readKubeconfig } from "../../../../../plugin/kubernetes/api/kubeconfig.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "crosslink-kubeconfig-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function write(text: string): string {
  const path = join(folder, "config");
  writeFileSync(path, text);
  return path;
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** As k3s and kubeadm write it. */
const usual = (user: string, more = "") => `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ${base64("CA")}
    server: https://127.0.0.1:6443/
${more}  name: default
contexts:
- context:
    cluster: default
    user: "me: myself"
  name: one
- context: {cluster: other, user: other}
  name: other
current-context: one
kind: Config
preferences: {}
users:
- name: 'me: myself'
  user:
${user}`;

function refused(text: string): string {
  try {
    readKubeconfig(write(text));
  } catch (error) {
    if (error instanceof CniError) return `${error.message} (${error.details})`;
    throw error;
  }
  return "nothing";
}

describe("readKubeconfig()", () => {
  it("finds server, authority and certificate of the current context", () => {
    const access = readKubeconfig(
      write(
        usual(
          `    client-certificate-data: ${base64("CERT")}\n    client-key-data: ${base64("KEY")}\n`,
        ),
      ),
    );
    expect(access.server).toBe("https://127.0.0.1:6443");
    expect(access.credentials()).toEqual({
      ca: "CA",
      certificate: "CERT",
      key: "KEY",
      token: undefined,
    });
  });

  it("reads a token's file, beside itself, anew each time", () => {
    const token = join(folder, "token");
    writeFileSync(token, "one\n");
    const { credentials } = readKubeconfig(
      write(usual("    tokenFile: token\n")),
    );
    expect(credentials().token).toBe("one");
    writeFileSync(token, "two\n");
    expect(credentials().token).toBe("two");
  });

  it.each([
    ["", "it is no kubeconfig"],
    ["secret: [", "it is no YAML"],
    ["current-context: x\n", 'it has no context "x"'],
    [
      usual("    exec: {command: aws}\n"),
      "it has a program run for a token (make one with a token",
    ],
    [
      usual("    token: t\n", "    insecure-skip-tls-verify: true\n"),
      "it asks for no look at the server's certificate",
    ],
  ])("refuses %j", (text, sentence) => {
    expect(refused(text)).toContain(sentence);
  });

  it("repeats nothing of what it refuses", () => {
    expect(refused('token: "s3cr3t\n  x: [')).not.toContain("s3cr3t");
  });

  it("says which file is missing", () => {
    expect(() => readKubeconfig(join(folder, "none"))).toThrow(
      /Cannot read kubeconfig ".*none": ENOENT/,
    );
  });
});
