import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { imageOf } from "../e2e/runtime/support/image.ts";
import { installCommand } from "../support/mariadb/words.ts";
import { copyPrograms, makeDebianRoot } from "./debian-root.ts";

/** What a database's pods run. */
export const MARIADB = "docker.io/library/mariadb:1";

/** Where a container of that image has an empty database, for the first start of its own. */
export const EMPTY_DATABASE = "/empty-database";

const PROGRAMS = [
  ...["/usr/sbin/mariadbd", "/usr/bin/mariadb"],
  ...["/usr/bin/sh", "/usr/bin/cp"],
];

/** Debian 13 has MariaDB's files in a folder of its own, older systems in MySQL's. */
const SHARED = ["mariadb", "mysql"].map((name) => `/usr/share/${name}`);

/** What the server says, and how it reads letters. */
const MESSAGES = ["english", "charsets"];

/** Makes the image of Debian's MariaDB, of this machine's files; the archive's path. An emulated node has no database to make. */
export function mariadbImage(folder: string): string {
  const root = join(folder, "mariadb-root");
  makeDebianRoot(root);
  copyPrograms(root, PROGRAMS);
  const shared = SHARED.find((path) => existsSync(join(path, "english"))) ?? "";
  for (const path of MESSAGES.map((name) => join(shared, name)))
    cpSync(path, join(root, path), { recursive: true });
  // As whom it runs, it asks for by name.
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0:root:/:/bin/sh\n");
  mkdirSync(join(root, "database"));
  const [program, ...words] = installCommand(join(root, EMPTY_DATABASE));
  execFileSync(program, words, { stdio: "pipe" });
  const image = { name: MARIADB, command: ["mariadbd"] };
  return imageOf(root, image, join(folder, "mariadb.tar"));
}
