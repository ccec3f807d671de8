import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";

/**
 * The first executable file called `type` in the folders of `path`, as a runtime finds it.
 *
 * @param path folders separated by colons, as in `CNI_PATH`
 * @throws TypeError where there is none, or where `type` is not a plain file name
 */
export function findPlugin(type: string, path: string): string {
  const folders = path.split(":").filter((folder) => folder !== "");
  const file = folders
    .map((folder) => join(folder, type))
    .find(isExecutableFile);
  if (file !== undefined && type !== "" && !type.includes("/")) return file;
  throw new TypeError(
    `Cannot find plugin ${JSON.stringify(type)}: no such executable in "${path}"`,
  );
}

function isExecutableFile(file: string): boolean {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true)
    return false;
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
