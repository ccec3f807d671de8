/** Runs inside a guest kernel with no module loaded: says what an SA still lacks, after each step that loads more. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { loadBinding } from "../../../native/binding.ts";
import { openXfrm } from "../../../native/xfrm/client.ts";
import { missingAlgorithm } from "../../../native/xfrm/missing-algorithm.ts";
import { association } from "../../support/xfrm/xfrm.ts";

const STEPS: readonly (readonly string[])[] = [
  [],
  ["xfrm_user"],
  ["gcm", "ctr", "ghash-generic"],
  ["esp4"],
  ["seqiv", "drbg", "hmac", "sha512_generic"],
];

const binding = loadBinding();
// The kernel would load by itself what it finds missing.
writeFileSync("/proc/sys/kernel/modprobe", "/bin/false");
for (const modules of STEPS) {
  if (modules.length > 0) execFileSync("modprobe", ["-a", ...modules]);
  console.log(whatIsMissing());
}

function whatIsMissing(): string {
  try {
    const xfrm = openXfrm(binding);
    xfrm.addAssociation(association);
    xfrm.deleteAssociation(association);
    return "nothing";
  } catch (error) {
    const missing = missingAlgorithm(error);
    if (missing === undefined) throw error;
    return missing.name;
  }
}
