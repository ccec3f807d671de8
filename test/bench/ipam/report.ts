import { table } from "../../e2e/demo/report.ts";
import {
  type IpamRow,
  measureIpam,
  measureRush,
  type Rush,
} from "./measure.ts";
import { formatSummary } from "../statistics.ts";

/** What the two IPAM plugins cost, as figures and as text. */
export interface IpamReport {
  readonly rows: readonly IpamRow[];
  readonly rushes: readonly Rush[];
  readonly text: string;
}

/** Measures crosslink-ipam beside host-local: empty, used and crowded stores, and a thousand ADDs at once. */
export async function reportIpam(): Promise<IpamReport> {
  const rows = [
    ...measureIpam(0, 21),
    ...measureIpam(1000, 21),
    ...measureIpam(60_000, 11),
  ];
  const rushes = await measureRush(1000, 16);
  const text = [
    table([
      ["", "taken", "first ADD", "ADD", "CHECK", "DEL"],
      ...rows.map((row) => [
        row.program,
        `${row.taken}`,
        row.firstAdd.toFixed(1),
        ...[row.add, row.check, row.del].map(formatSummary),
      ]),
    ]),
    ...rushes.map(sentence),
  ].join("\n\n");
  return { rows, rushes, text };
}

function sentence(rush: Rush): string {
  const { program, adds, processes, milliseconds, addresses } = rush;
  const seconds = (milliseconds / 1000).toFixed(1);
  const rate = ((1000 * adds) / milliseconds).toFixed(0);
  return `${adds} ADDs of ${program} from ${processes} processes: ${seconds} s, ${rate} a second, ${addresses} different addresses`;
}
