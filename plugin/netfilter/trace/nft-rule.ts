import type { Element, Expression } from "../../../native/index.ts";
import { least, opposite } from "./flow.ts";
import { marksAskedFor } from "./asked-marks.ts";
import { always, type Match } from "./match.ts";
import { compatMatch } from "./compat.ts";
import { compare, lookUp, within } from "./compare.ts";
import { load, type Loaded, mask } from "./register.ts";
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
  const reader: Reader = { rule, registers: new Map(), matches: [] };
  const actions = rule.expressions.flatMap((step) => read(reader, step));
  const { matches } = reader;
  const marks = marksAskedFor(rule.expressions, rule.elements);
  const decided = actions.length === 0 ? [CONTINUE] : actions;
  return decided.map(({ action, when }) => ({
    name: rule.name,
    action,
    marks,
    matches: all(when === undefined ? matches : [...matches, when]),
  }));
}

interface Reader {
  readonly rule: NftRuleText;
  /** What is in each; undefined where it is not known. */
  readonly registers: Map<number, Loaded | undefined>;
  readonly matches: Match[];
}

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
      return [];
    case "payload":
      registers.set(step.register, load(step));
      return [];
    case "bitwise":
      registers.set(step.destination, mask(registers.get(step.source), step));
      return [];
    case "byteorder":
      registers.delete(step.destination);
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
    const found = lookUp(loaded, elements);
    matches.push(inverted ? (flow) => opposite(found(flow)) : found);
    return [];
  }
  if (destination !== 0) return [];
  return elements.flatMap((element, index) =>
    element.verdict === undefined
      ? []
      : [
          {
            action: actionOf(element.verdict),
            when: lookUp(loaded, elements, index),
          },
        ],
  );
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
      return [{ action: targetAction(step.name) }];
    case "opaque":
      return readOpaque(reader, step.name);
    default:
      return [];
  }
}

function readOpaque({ matches }: Reader, name: string): Decision[] {
  if (name === "reject") return [{ action: { kind: "reject" } }];
  if (!IDLE.has(name)) matches.push(always("unknown"));
  return [];
}

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
