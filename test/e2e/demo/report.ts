/** What the demo prints: a step at a time, and what a sceptic wants to see. */

/** Collects what must hold, and prints it as it is found. */
export interface Report {
  readonly step: (title: string) => void;
  /** A line of evidence, or several. */
  readonly show: (text: string) => void;
  /** Something that must hold. */
  readonly check: (claim: string, held: boolean) => void;
  /** Prints the verdict; whether everything held. */
  readonly finish: () => boolean;
}

export function report(): Report {
  let steps = 0;
  const failed: string[] = [];
  let held = 0;
  return {
    step: (title) => {
      steps += 1;
      console.log(`\n${steps}. ${title}`);
    },
    show: (text) => {
      console.log(indent(text, "     "));
    },
    check: (claim, holds) => {
      console.log(`   ${holds ? "✔" : "✘"} ${claim}`);
      if (holds) held += 1;
      else failed.push(claim);
    },
    finish: () => {
      console.log(
        failed.length === 0
          ? `\n  All ${held} claims held.\n`
          : `\n  ${failed.length} of ${held + failed.length} claims did not hold:\n${indent(failed.join("\n"), "   ✘ ")}\n`,
      );
      return failed.length === 0 && held > 0;
    },
  };
}

/** Rows as columns, each as wide as its widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

export const picture = `
      cluster1                          the internet                         cluster2
  ┌───────────────────────┐                                        ┌───────────────────────┐
  │ node vm-0-7           │   elastic IP             elastic IP    │ node vm-0-11          │
  │ 172.17.0.2            ├── 203.0.113.1 ══ ESP ══ 203.0.113.2 ───┤ 172.18.0.2            │
  │                       │     1:1 NAT                1:1 NAT     │                       │
  │  ┌─ pod ───────────┐  │                                        │  ┌─ pod ───────────┐  │
  │  │ in 10.0.0.0/24  │  │                                        │  │ in 10.0.1.0/24  │  │
  │  └─────────────────┘  │                                        │  └─────────────────┘  │
  └───────────────────────┘                                        └───────────────────────┘`;

function indent(text: string, by: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => by + line)
    .join("\n");
}
