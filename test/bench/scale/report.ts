import { type ScaleRow, SHAPES } from "./measure.ts";

/** The columns of a row, as Markdown and readers have them. */
const COLUMNS: readonly (readonly [string, (row: ScaleRow) => string])[] = [
  ["nodes", ({ nodes }) => nodes.toLocaleString("en")],
  ["steps", ({ steps }) => steps.toLocaleString("en")],
  ["seconds", ({ seconds }) => seconds.toFixed(2)],
  ["of a processor", ({ busySeconds }) => busySeconds.toFixed(2)],
  ["peak MB", ({ peakMB }) => peakMB.toFixed(0)],
  ["system calls", ({ systemCalls }) => systemCalls.toLocaleString("en")],
  ["netlink kB", ({ netlinkBytes }) => (netlinkBytes / 1000).toFixed(0)],
];

/** A Markdown table of all shapes and sizes. */
export function scaleTable(rows: readonly ScaleRow[]): string {
  const heads = [
    "`plan` of a node with nothing yet",
    ...COLUMNS.map(([head]) => head),
  ];
  return [
    heads,
    heads.map((_, place) => (place === 0 ? "---" : "--:")),
    ...rows.map((row) => [row.shape, ...COLUMNS.map(([, show]) => show(row))]),
  ]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

/** A plot's panel: what it shows, its title, and its place in the picture. */
interface Panel {
  readonly value: (row: ScaleRow) => number;
  readonly title: string;
  readonly left: number;
  /** Powers of ten at the axis' ends. */
  readonly powers: readonly [number, number];
}

const WIDTH = 300;
const HEIGHT = 220;
const TOP = 40;
const NODE_POWERS = [1, 4.5] as const;
const COLORS = ["#0b6bcb", "#c41c1c", "#1f7a1f", "#9a5b13", "#6b4fbb"];

/** The same as a picture: seconds of a processor and peak memory over the number of nodes, both axes logarithmic. */
export function scalePlot(rows: readonly ScaleRow[]): string {
  const panels: readonly Panel[] = [
    {
      value: ({ busySeconds }) => busySeconds,
      title: "seconds of a processor",
      left: 60,
      powers: [-1, 1.5],
    },
    {
      value: ({ peakMB }) => peakMB,
      title: "peak MB",
      left: 440,
      powers: [1.5, 3.5],
    },
  ];
  const legend = SHAPES.map(
    ({ name }, place) =>
      `<text x="60" y="${TOP + HEIGHT + 50 + place * 18}" fill="${colorOf(place)}">— ${name}</text>`,
  );
  const height = TOP + HEIGHT + 60 + SHAPES.length * 18;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 780 ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="780" height="${height}" fill="#fff"/>`,
    ...panels.flatMap((panel) => drawPanel(panel, rows)),
    ...legend,
    "</svg>\n",
  ].join("\n");
}

function drawPanel(panel: Panel, rows: readonly ScaleRow[]): string[] {
  const { left, title, powers, value } = panel;
  const x = (nodes: number): number => left + along(nodes, NODE_POWERS) * WIDTH;
  const y = (number: number): number =>
    TOP + HEIGHT - along(number, powers) * HEIGHT;
  const point = (row: ScaleRow): string =>
    `${x(row.nodes).toFixed(1)},${y(value(row)).toFixed(1)}`;
  return [
    `<rect x="${left}" y="${TOP}" width="${WIDTH}" height="${HEIGHT}" fill="none" stroke="#999"/>`,
    `<text x="${left}" y="${TOP - 12}" font-weight="bold">${title}, by nodes of the mesh</text>`,
    ...ticks(NODE_POWERS).map(
      (n) =>
        `<text x="${x(n)}" y="${TOP + HEIGHT + 16}" text-anchor="middle">${n.toLocaleString("en")}</text>`,
    ),
    ...ticks(powers).map(
      (n) =>
        `<path d="M${left} ${y(n)}h${WIDTH}" stroke="#ddd"/><text x="${left - 6}" y="${y(n) + 4}" text-anchor="end">${n}</text>`,
    ),
    ...SHAPES.map(({ name }, place) => {
      const points = rows.filter(({ shape }) => shape === name).map(point);
      return `<polyline points="${points.join(" ")}" fill="none" stroke="${colorOf(place)}" stroke-width="2"/>`;
    }),
  ];
}

function along(value: number, [low, high]: readonly [number, number]): number {
  return (Math.log10(value) - low) / (high - low);
}

/** The whole powers of ten between two. */
function ticks([low, high]: readonly [number, number]): number[] {
  const first = Math.ceil(low);
  return Array.from(
    { length: Math.floor(high) - first + 1 },
    (_, n) => 10 ** (first + n),
  );
}

function colorOf(place: number): string {
  return COLORS[place % COLORS.length] ?? "#000";
}
