import { execFileSync } from "node:child_process";

/** The control group that the groups of all pods of tests are in, in whatever hierarchies this machine has. */
export const TEST_GROUP = "crosslink-test";

/** A group can go once the last process has gone. Its parent stays where another test has groups in it. */
const REMOVE = `
  for root in /sys/fs/cgroup /sys/fs/cgroup/*/; do
    for ((i = 0; i < 50; i++)); do
      [ -e "$root/$1" ] || break
      find "$root/$1" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
    done
    rmdir "$root/$(dirname "$1")" 2>/dev/null
  done
  true`;

/** Removes a group of tests whose processes have been told to end. */
export function removeGroups(group: string): void {
  execFileSync("bash", ["-c", REMOVE, "bash", group]);
}
