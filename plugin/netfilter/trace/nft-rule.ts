import {
  type Element,
  type Expression,
  NFT_CT_MARK,
  NFT_META_MARK,
} from "../../../native/index.ts";
import { least, opposite } from "./flow.ts";
import { marksAskedFor } from "./asked-marks.ts";
import { always, type Match } from "./match.ts";
import { compatMatch } from "./compat.ts";
import { compare, lookUp, within } from "./compare.ts";
import { compatMarking } from "./marking.ts";
import {
  blurred,
  constant,
  dependsOnMark,
  load,
  type Loaded,
  markIn,
  mask,
  swapped,
} from "./register.ts";
import { targetAction } from "./targets.ts";
import type { Action, TracedRule } from "./trace.ts";

/** A rule of nf_tables as it is to be read. */
export interface NftRuleText {
  readonly name: string;
  readonly expressions: readonly Expression[];
  /** Elements of a set of the rule's table. */
  readonly elements: (set: string) => readonly Element[];
}

/** What a rule decides: one, or with a verdict map one for each of its elements. */
export function readNftRule(rule: NftRuleText): TracedRule[] {
  const reader: Reader = {
    rule,
    registers: new Map(),
    matches: [],
    markings: [],
  };
  const actions = rule.expressions.flatMap((step) => read(reader, step));
  const marks = marksAskedFor(rule.expressions, rule.elements);
  const { name } = rule;
  const decided = actions.length === 0 ? [CONTINUE] : actions;
  const last = decided.map(({ action, when }) => ({
    name,
    action,
    marks,
    matches: all([...reader.matches, ...(when === undefined ? [] : [when])]),
  }));
  return reader.markings.reduceRight<TracedRule[]>(
    (behind, { matches, marking }) => [
      {
        name,
        action: { kind: "mark", marking, behind },
        marks,
        matches: all(matches),
      },
    ],
    last,
  );
}

interface Reader {
  readonly rule: NftRuleText;
  /** What is in each; undefined where it is not known. */
  readonly registers: Map<number, Loaded | undefined>;
  /** Since the last marking. */
  matches: Match[];
  /** What it marks so far, each with what is asked ahead of it. */
  readonly markings: {
    readonly matches: readonly Match[];
    readonly marking: MarkingOf;
  }[];
}

type MarkingOf = Extract<Action, { kind: "mark" }>["marking"];

interface Decision {
  readonly action: Action;
  /** Where only part of what matched is treated so. */
  readonly when?: Match;
}

const CONTINUE: Decision = { action: { kind: "continue" } };

/** Expressions that neither ask nor decide anything. */
const IDLE = new Set([
  "log",
  "notrack",
  "objref",
  "last",
  "dup",
  "flow_offload",
]);

function read(reader: Reader, step: Expression): Decision[] {
  const { registers, matches } = reader;
  switch (step.kind) {
    case "meta":
    case "ct":
      if (step.access === "load") registers.set(step.register, load(step));
      else readStore(reader, step);
      return [];
    case "immediate":
      registers.set(step.register, constant(step.value));
      return [];
    case "payload":
      registers.set(step.register, load(step));
      return [];
    case "bitwise":
      registers.set(step.destination, mask(registers.get(step.source), step));
      return [];
    case "byteorder":
      registers.set(
        step.destination,
        swapped(registers.get(step.source), step),
      );
      return [];
    case "cmp":
      matches.push(compare(registers.get(step.register), step));
      return [];
    case "range":
      matches.push(within(registers.get(step.register), step));
      return [];
    default:
      return decide(reader, step);
  }
}

/** A rule that marks goes on behind that with packets that have the mark. */
function readStore(
  reader: Reader,
  { kind, key, register }: Extract<Expression, { kind: "meta" | "ct" }>,
): void {
  const mark = markIn(reader.registers.get(register));
  if (kind === "meta" && key === NFT_META_MARK)
    addMarking(reader, (flow) => ({ ...flow, mark: mark(flow) }));
  if (kind === "ct" && key === NFT_CT_MARK)
    addMarking(reader, (flow) => ({ ...flow, connectionMark: mark(flow) }));
}

function addMarking(reader: Reader, marking: MarkingOf): void {
  reader.markings.push({ matches: reader.matches, marking });
  reader.matches = [];
}

function readLookup(
  { rule, registers, matches }: Reader,
  {
    set,
    register,
    inverted,
    destination,
  }: Extract<Expression, { kind: "lookup" }>,
): Decision[] {
  const loaded = registers.get(register);
  const elements = rule.elements(set);
  if (destination === undefined) {
    const found = askingFor(registers, lookUp(loaded, elements));
    matches.push(inverted ? (flow) => opposite(found(flow)) : found);
    return [];
  }
  if (destination !== 0) {
    registers.set(destination, blurred(loaded));
    return [];
  }
  return elements.flatMap((element, index) =>
    element.verdict === undefined
      ? []
      : [
          {
            action: actionOf(element.verdict),
            when: askingFor(registers, lookUp(loaded, elements, index)),
          },
        ],
  );
}

/** What several fields together are cannot be told from here; with a mark among them it depends on that. */
function askingFor(registers: Reader["registers"], match: Match): Match {
  if (![...registers.values()].some(dependsOnMark)) return match;
  return (flow) => {
    const share = match(flow);
    return share === "unknown" ? "maybe" : share;
  };
}

function decide(reader: Reader, step: Expression): Decision[] {
  const { matches } = reader;
  switch (step.kind) {
    case "lookup":
      return readLookup(reader, step);
    case "rt":
      reader.registers.delete(step.register);
      return [];
    case "match":
      matches.push(compatMatch(step));
      return [];
    case "verdict":
      return [{ action: actionOf(step) }];
    case "masq":
      return [{ action: { kind: "rewrite" } }];
    case "nat":
      return [
        { action: { kind: step.type === "snat" ? "rewrite" : "accept" } },
      ];
    case "target":
      return readTarget(reader, step);
    case "opaque":
      return readOpaque(reader, step.name);
    default:
      return [];
  }
}

function readTarget(
  reader: Reader,
  step: Extract<Expression, { kind: "target" }>,
): Decision[] {
  const marking = compatMarking(step);
  if (marking === undefined) return [{ action: targetAction(step.name) }];
  addMarking(reader, marking);
  return [];
}

/** What it leaves in registers nobody knows. */
function readOpaque({ matches, registers }: Reader, name: string): Decision[] {
  if (name === "reject") return [{ action: { kind: "reject" } }];
  if (IDLE.has(name)) return [];
  for (const [register, loaded] of registers)
    registers.set(register, name === "bitwise" ? blurred(loaded) : undefined);
  if (!COMPUTING.has(name)) matches.push(always("unknown"));
  return [];
}

/** Expressions that no rule ends at. */
const COMPUTING = new Set(["bitwise", "numgen", "hash"]);

function actionOf({
  verdict,
  chain,
}: Pick<
  Extract<Expression, { kind: "verdict" }>,
  "verdict" | "chain"
>): Action {
  if (chain !== undefined && (verdict === "jump" || verdict === "goto"))
    return { kind: verdict, chain };
  if (verdict === "accept" || verdict === "drop" || verdict === "return")
    return { kind: verdict };
  return { kind: "continue" };
}

function all(matches: readonly Match[]): Match {
  return (flow) =>
    matches.reduce<ReturnType<Match>>(
      (share, match) => (share === "none" ? share : least(share, match(flow))),
      "all",
    );
}
