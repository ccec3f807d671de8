/**
 * `npm run bench -- scale`: what the size of a mesh costs one of its nodes. Prints a table, and writes it and a plot of the same
 * figures into docs/.
 *
 *   node test/bench/scale/main.ts [NODES…]
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { measureScale, SIZES } from "./measure.ts";
import { scalePlot, scaleTable } from "./report.ts";

const page = fileURLToPath(
  new URL("../../../docs/performance.md", import.meta.url),
);
const picture = fileURLToPath(
  new URL("../../../docs/scale.svg", import.meta.url),
);

/** What stands between these on the page is written here, and nowhere else. */
const [START, END] = ["<!-- scale: begin -->\n", "<!-- scale: end -->\n"];

/** Measures; where the sizes are the usual ones, docs/ gets what comes out. */
export async function benchScale(sizes: readonly number[]): Promise<void> {
  const rows = await measureScale(sizes.length > 0 ? sizes : SIZES);
  const text = scaleTable(rows);
  console.log(text);
  if (sizes.length > 0) return;
  writeFileSync(picture, scalePlot(rows));
  const before = readFileSync(page, "utf8");
  const [head, rest] = before.split(START);
  const [, tail] = rest?.split(END) ?? [];
  if (head === undefined || tail === undefined)
    throw new Error(`Cannot write the table: ${page} has no place for it`);
  writeFileSync(page, `${head}${START}\n${text}\n\n${END}${tail}`);
}

if (import.meta.main) await benchScale(process.argv.slice(2).map(Number));
