import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/** One way by which an error comes to be: where, and all that its details may say, as far as the sources tell. */
export interface Thrower {
  /** `plugin/node/trouble.ts:14` */
  readonly place: string;
  readonly message: string;
  readonly details: string;
}

/** Every `new CniError` of the sources, by each call of the function that makes it where the words come from there. */
export function throwers(root: string): Thrower[] {
  const sources = globSync("{cni,conf,ipam,plugin}/**/*.ts", { cwd: root })
    .filter((file) => !file.includes("generated"))
    .map((file) =>
      ts.createSourceFile(
        file,
        readFileSync(join(root, file), "utf8"),
        ts.ScriptTarget.Latest,
        true,
      ),
    );
  const index = indexOf(sources);
  return index.errors.flatMap((made) => ways(made, index));
}

interface Index {
  readonly errors: readonly ts.NewExpression[];
  readonly calls: ReadonlyMap<string, readonly ts.CallExpression[]>;
  /** Functions and constants, by name. */
  readonly declared: ReadonlyMap<string, readonly ts.Node[]>;
  /** Names that a file imports. */
  readonly imported: ReadonlyMap<string, ReadonlySet<string>>;
}

function indexOf(sources: readonly ts.SourceFile[]): Index {
  const errors: ts.NewExpression[] = [];
  const calls = new Map<string, ts.CallExpression[]>();
  const declared = new Map<string, ts.Node[]>();
  const imported = new Map<string, Set<string>>();
  const put = <Value>(map: Map<string, Value[]>, key: string, value: Value) =>
    map.set(key, [...(map.get(key) ?? []), value]);
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && node.expression.getText() === "CniError")
      errors.push(node);
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression))
      put(calls, node.expression.text, node);
    const name = declaredBy(node);
    if (name !== undefined) put(declared, name, node);
    if (ts.isImportSpecifier(node)) {
      const { fileName } = node.getSourceFile();
      const names = imported.get(fileName) ?? new Set();
      imported.set(fileName, names.add(node.name.text));
    }
    ts.forEachChild(node, visit);
  };
  sources.forEach(visit);
  return { errors, calls, declared, imported };
}

/** The name of a function, a constant, or a part of one that is taken apart. */
function declaredBy(node: ts.Node): string | undefined {
  const isDeclaration =
    ts.isFunctionDeclaration(node) ||
    ts.isVariableDeclaration(node) ||
    ts.isBindingElement(node);
  if (!isDeclaration || node.name === undefined) return undefined;
  return ts.isIdentifier(node.name) ? node.name.text : undefined;
}

function ways(made: ts.NewExpression, index: Index): Thrower[] {
  const [, message, options] = made.arguments ?? [];
  const details = detailsOf(options);
  const owner = ts.findAncestor(made, ts.isFunctionDeclaration);
  const parameter = details && owner && parameterIn(details, owner);
  const own = details === undefined ? "" : wordsIn(details, index);
  const thrower = (place: ts.Node, more: string): Thrower => ({
    place: placeOf(place),
    message: message?.getText() ?? "",
    details: `${own} ${more}`,
  });
  if (parameter === undefined || owner?.name === undefined)
    return [thrower(made, "")];
  const at = owner.parameters.indexOf(parameter);
  const fallback = wordsIn(parameter.initializer, index);
  const { name } = owner;
  const callers = (index.calls.get(name.text) ?? []).filter((call) =>
    visibleFrom(call, name.text, index).includes(owner),
  );
  return callers.map((call) =>
    thrower(
      call,
      call.arguments[at] === undefined
        ? fallback
        : wordsIn(call.arguments[at], index),
    ),
  );
}

function detailsOf(options: ts.Expression | undefined): ts.Node | undefined {
  if (options === undefined || !ts.isObjectLiteralExpression(options))
    return options;
  return options.properties.find(
    (property) => property.name?.getText() === "details",
  );
}

/** The parameter that is the details, or all of their words. */
function parameterIn(
  details: ts.Node,
  owner: ts.FunctionDeclaration,
): ts.ParameterDeclaration | undefined {
  return owner.parameters.find(
    ({ name }) =>
      identifiersIn(details).some((each) => each === name.getText()) &&
      literalsIn(details).join("").trim() === "",
  );
}

/** The texts in an expression, and in the constants and functions of its file that it names, or that the file imports. */
function wordsIn(
  node: ts.Node | undefined,
  index: Index,
  seen = new Set<string>(),
): string {
  if (node === undefined) return "";
  const named = identifiersIn(node)
    .filter((name) => !seen.has(name))
    .flatMap((name) => {
      seen.add(name);
      return visibleFrom(node, name, index).map((declaration) =>
        wordsIn(declaration, index, seen),
      );
    });
  return [...literalsIn(node), ...named].join(" ");
}

function visibleFrom(
  from: ts.Node,
  name: string,
  { declared, imported }: Index,
): ts.Node[] {
  const source = from.getSourceFile();
  const found = declared.get(name) ?? [];
  const own = found.filter((node) => node.getSourceFile() === source);
  if (own.length > 0) return own;
  return imported.get(source.fileName)?.has(name) === true
    ? found.filter(isExported)
    : [];
}

function literalsIn(node: ts.Node): string[] {
  return collect(node, (each) => {
    if (ts.isStringLiteralLike(each) || isTemplatePart(each)) return each.text;
    return isHandedOn(each) ? HANDED_ON : undefined;
  });
}

function isTemplatePart(
  node: ts.Node,
): node is ts.TemplateHead | ts.TemplateMiddle | ts.TemplateTail {
  return ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node);
}

/** What stands for words that another error, or another table, has: those are looked at where they are made. */
export const HANDED_ON = "(handed on)";

/** `error.details`, or the `details` of `const { details } = error`; a `remedy` or a `fix` of a table's row. */
function isHandedOn(node: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(node)) return TELLING.has(node.name.text);
  return (
    ts.isBindingElement(node) &&
    TELLING.has(node.name.getText()) &&
    !ts.isParameter(node.parent.parent)
  );
}

const TELLING = new Set(["details", "remedy", "fix"]);

function identifiersIn(node: ts.Node): string[] {
  return collect(node, (each) =>
    ts.isIdentifier(each) && !isMember(each) ? each.text : undefined,
  );
}

/** The `b` of `a.b`, and of `{ b: 1 }`. */
function isMember(node: ts.Identifier): boolean {
  const { parent } = node;
  return (
    (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
    (ts.isPropertyAssignment(parent) && parent.name === node)
  );
}

function collect(
  node: ts.Node,
  pick: (node: ts.Node) => string | undefined,
): string[] {
  const found: string[] = [];
  const visit = (each: ts.Node): void => {
    const text = pick(each);
    if (text !== undefined) found.push(text);
    ts.forEachChild(each, visit);
  };
  visit(node);
  return found;
}

function isExported(node: ts.Node): boolean {
  const statement = ts.findAncestor(
    node,
    (each) => each.parent === node.getSourceFile(),
  );
  return (
    statement !== undefined &&
    ts.canHaveModifiers(statement) &&
    (statement.modifiers ?? []).some(
      ({ kind }) => kind === ts.SyntaxKind.ExportKeyword,
    )
  );
}

function placeOf(node: ts.Node): string {
  const source = node.getSourceFile();
  const { line } = source.getLineAndCharacterOfPosition(node.getStart());
  return `${source.fileName}:${String(line + 1)}`;
}
