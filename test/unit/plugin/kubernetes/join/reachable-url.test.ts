import { describe, expect, it } from "vitest";
import { requireReachableUrl } from "../../../../../plugin/kubernetes/join/preflight.ts";

describe("requireReachableUrl()", () => {
  it.each([
    ...["https://localhost:6443", "https://LOCALHOST.:6443"],
    ...["https://a.localhost", "https://a.localhost.:1"],
    ...["https://127.0.0.1:1", "https://127.1", "https://2130706433"],
    ...["https://0", "https://[::1]:6443", "https://[::]"],
    ...["https://[::ffff:127.0.0.1]:6443", "https://[::ffff:0.0.0.0]"],
  ])("refuses %s, which is this machine itself", (url) => {
    expect(() => {
      requireReachableUrl(url);
    }).toThrow("it is this machine itself");
  });

  it.each([
    ...["https://api.example:6443", "https://localhost.example"],
    ...["https://10.0.0.1", "https://[2001:db8::1]:6443"],
    "https://[::ffff:10.0.0.1]",
  ])("takes %s", (url) => {
    expect(() => {
      requireReachableUrl(url);
    }).not.toThrow();
  });

  it.each(["http://api.example", "api.example:6443", "", "https://"])(
    'refuses "%s", which is no https:// URL',
    (url) => {
      expect(() => {
        requireReachableUrl(url);
      }).toThrow("it is no https:// URL");
    },
  );
});
