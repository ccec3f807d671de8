import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Every regular file of a network's folder with its content, sorted by name; the lock too. */
export function readStore(directory: string): Record<string, string> {
  if (!existsSync(directory)) return {};
  const names = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();
  return Object.fromEntries(
    names.map((name) => [name, readFileSync(join(directory, name), "latin1")]),
  );
}

/** Addresses that a folder says are held, with the content of their files. */
export function reservations(directory: string): Record<string, string> {
  const others = /^(lock|last_reserved_ip\..*|\..*)$/;
  return Object.fromEntries(
    Object.entries(readStore(directory)).filter(([name]) => !others.test(name)),
  );
}
