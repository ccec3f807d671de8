import { parseCidr } from "../../../ip/cidr.ts";
import type { AddressSide } from "../base/expressions.ts";
import type { SavedRule } from "../base/save.ts";
import { marksInWords } from "./asked-marks.ts";
import { isOfProtocol } from "./compat.ts";
import { least, opposite, portOf, protocolOf, type Share } from "./flow.ts";
import {
  addressIn,
  always,
  deviceIs,
  markIs,
  type Match,
  namesDevice,
  rangeOf,
} from "./match.ts";
import { savedMarking } from "./marking.ts";
import { targetAction } from "./targets.ts";
import type { Action, TracedRule } from "./trace.ts";

/** A rule as iptables-save prints it. `isChain` tells the table's own chains from targets. */
export function readSavedRule(
  rule: SavedRule,
  name: string,
  isChain: (target: string) => boolean,
): TracedRule {
  const cursor: Cursor = { words: rule.words, at: 0, module: "" };
  const matches: Match[] = [];
  let action: Action = { kind: "continue" };
  while (cursor.at < cursor.words.length) {
    const word = next(cursor);
    const inverted = word === "!";
    const option = inverted ? next(cursor) : word;
    if (option === "-j" || option === "-g") {
      action = actionOf(option, cursor, isChain);
      break; // what follows are the target's own options
    }
    const match = readOption(option, cursor);
    matches.push(inverted ? (flow) => opposite(match(flow)) : match);
  }
  return {
    name,
    action,
    marks: marksInWords(rule.words),
    matches: (flow) => allOf(matches, flow),
  };
}

interface Cursor {
  readonly words: readonly string[];
  at: number;
  /** Whose options these are: what `-m` named last. */
  module: string;
}

function next(cursor: Cursor): string {
  return cursor.words[cursor.at++] ?? "";
}

/** The words of an option, up to the next one. */
function rest(cursor: Cursor): string[] {
  const words: string[] = [];
  while (
    cursor.at < cursor.words.length &&
    !/^(?:!$|-)/.test(cursor.words[cursor.at] ?? "")
  )
    words.push(next(cursor));
  return words;
}

function actionOf(
  option: "-j" | "-g",
  cursor: Cursor,
  isChain: (target: string) => boolean,
): Action {
  const target = next(cursor);
  if (isChain(target))
    return { kind: option === "-g" ? "goto" : "jump", chain: target };
  const marking = savedMarking(target, cursor.words.slice(cursor.at));
  return marking === undefined
    ? targetAction(target)
    : { kind: "mark", marking, behind: [] };
}

function readOption(option: string, cursor: Cursor): Match {
  const [value = ""] = rest(cursor);
  if (option === "-m") cursor.module = value;
  const known = OPTIONS.get(option);
  if (known !== undefined) return known(value, cursor.module);
  return always(PROTOCOL_OPTION.test(option) ? "some" : "unknown");
}

const OPTIONS: ReadonlyMap<string, (value: string, module: string) => Match> =
  new Map([
    ["-s", (value) => inNetworkOf("source", value)],
    ["-d", (value) => inNetworkOf("destination", value)],
    ["-i", (value) => deviceIs("inputs", namesDevice(value))],
    ["-o", (value) => deviceIs("outputs", namesDevice(value))],
    ["-m", (value) => always(saysMore(value) ? "all" : "unknown")],
    ["--comment", () => always("all")],
    ["--ctstate", stateIsNew],
    ["--state", stateIsNew],
    ["--ctstatus", (value) => always(shareIf(/\bNONE\b/.test(value)))],
    ["--mark", readMark],
    ["-p", protocolIs],
    ["--dport", portIs],
  ]);

/** As iptables-save prints it: a name of /etc/protocols, or a number. */
function protocolIs(value: string): Match {
  const wanted = NUMBERS.get(value) ?? Number(value);
  return (flow) => shareOfValue(protocolOf(flow), wanted);
}

const NUMBERS: ReadonlyMap<string, number> = new Map([
  ["icmp", 1],
  ["tcp", 6],
  ["udp", 17],
  ["esp", 50],
  ["ah", 51],
  ["ipv6-icmp", 58],
  ["sctp", 132],
]);

function portIs(value: string): Match {
  return (flow) => shareOfValue(portOf(flow), Number(value));
}

/** Some, where either is not known: another name, a range. */
function shareOfValue(has: number | undefined, wanted: number): Share {
  if (has === undefined || Number.isNaN(wanted)) return "some";
  return shareIf(has === wanted);
}

function stateIsNew(value: string): Match {
  return always(shareIf(value.split(",").includes("NEW")));
}

function readMark(value: string, module: string): Match {
  const [mark = 0, mask = 0xffffffff] = value.split("/").map(Number);
  const which = module === "connmark" ? "connectionMark" : "mark";
  return markIs(mark, mask, which);
}

/** A match whose options say all that it asks. */
function saysMore(name: string): boolean {
  return (
    /^(?:comment|conntrack|state|mark|connmark)$/.test(name) ||
    isOfProtocol(name)
  );
}

/** Options that ask for a protocol, or a field of its header. */
const PROTOCOL_OPTION =
  /^--(?:sports?|dports|ports|tcp-flags|syn|icmp-type|icmpv6-type|ttl-\w+|dscp|length)$/;

function inNetworkOf(end: AddressSide, text: string): Match {
  // A mask with holes is written as such.
  if (/\/.*[.:]/.test(text)) return always("unknown");
  const whole = text.includes(":") ? 128 : 32;
  const network = parseCidr(text.includes("/") ? text : `${text}/${whole}`);
  return addressIn(end, [rangeOf(network)]);
}

function allOf(matches: readonly Match[], flow: Parameters<Match>[0]): Share {
  return matches.reduce<Share>(
    (share, match) => (share === "none" ? share : least(share, match(flow))),
    "all",
  );
}

function shareIf(holds: boolean): Share {
  return holds ? "all" : "none";
}
