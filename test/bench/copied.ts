import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A copy of a build's programs, to be measured beside another's: how the page cache holds a file of 120 MB depends on how it
 * was written and how long ago, and `crosslink version` of one build has 54 or 74 MB by that.
 *
 * @param folder `dist` of the build
 * @returns `dist` of the copy, which goes with the stack
 */
export function copiedBuild(
  stack: DisposableStack | AsyncDisposableStack,
  folder: string,
): string {
  const root = mkdtempSync(join(tmpdir(), "crosslink-bench-"));
  stack.defer(() => {
    rmSync(root, { recursive: true });
  });
  const [dist, native] = [join(root, "dist"), join(root, "native/build")];
  for (const each of [dist, native]) mkdirSync(each, { recursive: true });
  copyFileSync(join(folder, "crosslink"), join(dist, "crosslink"));
  symlinkSync("crosslink", join(dist, "crosslink-ipam"));
  copyFileSync(
    join(folder, "../native/build/launcher"),
    join(native, "launcher"),
  );
  return dist;
}
