// One of several processes that work on one store at once: `worker.ts <dataDir> <claims> <name> <operations>`.
// Whatever address it is given it claims, with a file that only one process can create. Prints what went wrong.
import { closeSync, openSync, readFileSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import {
  addressesOf,
  type Answer,
  type Call,
  callHandlers,
  callProgram,
  crosslinkIpam,
  hostLocal,
} from "./call.ts";

const [dataDir = "", claims = "", name = "", operations = "0"] =
  process.argv.slice(2);

const config = {
  cniVersion: "1.0.0",
  name: "podnet",
  ipam: {
    type: "host-local",
    dataDir,
    ranges: [[{ subnet: "10.1.2.0/27" }], [{ subnet: "fd00::/122" }]],
  },
};

const wrong: string[] = [];
const counts = { added: 0, deleted: 0, checked: 0, exhausted: 0 };
const held = new Map<string, readonly string[]>();
let serial = 0;

for (let i = 0; i < Number(operations); i++) step();
for (const id of [...held.keys()]) remove(id);
process.stdout.write(JSON.stringify({ wrong, counts }));

function step(): void {
  const [first] = held.keys();
  const dice = Math.random();
  if (first === undefined || (dice < 0.45 && held.size < 6)) add();
  else if (dice < 0.8) remove(first);
  else if (dice < 0.9) expectCheck(first);
  else expectDuplicate(first);
}

function add(): void {
  const id = `${name}-${serial++}`;
  const answer = call({ command: "ADD", config, id });
  const { code, output } = answer;
  if (code !== 0) {
    if (!JSON.stringify(output).includes("no IP addresses available"))
      wrong.push(`ADD ${id}: ${JSON.stringify(output)}`);
    counts.exhausted++;
    return;
  }
  const addresses = addressesOf(answer);
  for (const address of addresses) claim(address, id);
  held.set(id, addresses);
  counts.added++;
}

function claim(address: string, id: string): void {
  try {
    closeSync(openSync(join(claims, address), "wx"));
  } catch {
    wrong.push(`${address} was given to ${id} while somebody had it`);
  }
}

function remove(id: string): void {
  const addresses = held.get(id) ?? [];
  for (const address of addresses) {
    expectOwner(address, id);
    unlinkSync(join(claims, address));
  }
  held.delete(id);
  const { code, output } = call({ command: "DEL", config, id });
  if (code !== 0) wrong.push(`DEL ${id}: ${JSON.stringify(output)}`);
  counts.deleted++;
}

function expectOwner(address: string, id: string): void {
  const content = read(address);
  if (content !== `${id}\r\neth0`)
    wrong.push(`${address} of ${id} holds ${JSON.stringify(content)}`);
}

function read(address: string): string | undefined {
  try {
    return readFileSync(join(dataDir, "podnet", address), "utf8");
  } catch {
    return undefined;
  }
}

function expectCheck(id: string): void {
  const { code, output } = call({ command: "CHECK", config, id });
  if (code !== 0) wrong.push(`CHECK ${id}: ${JSON.stringify(output)}`);
  counts.checked++;
}

function expectDuplicate(id: string): void {
  const { code } = call({ command: "ADD", config, id });
  if (code === 0) wrong.push(`ADD ${id} again succeeded`);
}

function call(what: Call): Answer {
  const dice = Math.random();
  if (dice < 0.02) return callProgram(crosslinkIpam(), what);
  return dice < 0.5 ? callHandlers(what) : callProgram(hostLocal, what);
}
