import {
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Attachment } from "../../../../cni/request.ts";
import { openLedger } from "../../../../ipam/ledger/ledger.ts";
import {
  isHeldBy,
  readEntries,
  readEntry,
} from "../../../../ipam/folder/census.ts";
import type { NetworkFolder } from "../../../../ipam/folder/network-folder.ts";
import { temporary } from "../../../support/ipam/call.ts";

const CROWD = 1000;

/** A network's folder with a crowd in it, far from where tests put theirs. */
function crowd(): { readonly place: NetworkFolder } & Disposable {
  const folder = temporary();
  const directory = join(folder.path, "podnet");
  mkdirSync(directory);
  for (let i = 0; i < CROWD + 10; i++) {
    writeFileSync(
      join(directory, `10.200.${i >> 8}.${i & 255}`),
      `crowd-${i}\r\neth0`,
    );
  }
  const binding = () => {
    throw new Error("a ledger needs no addon");
  };
  const place = { directory, binding, runDirectory: join(folder.path, "run") };
  return {
    place,
    [Symbol.dispose]: () => {
      folder[Symbol.dispose]();
    },
  };
}

const attachment = (containerID: string): Attachment => ({
  containerID,
  ifname: "eth0",
});

/** What the ledger finds for a container, verified as the store does it. */
function find(place: NetworkFolder, id: string): readonly string[] | undefined {
  const ledger = openLedger(place);
  const found = ledger.candidates(attachment(id))?.filter((address) => {
    const reservation = readEntry(place.directory, address);
    return reservation !== undefined && isHeldBy(reservation, attachment(id));
  });
  ledger.close();
  return found && [...new Set(found)].sort();
}

/** The same from the files. */
function holds(place: NetworkFolder, id: string): readonly string[] {
  return [...readEntries(place.directory)]
    .filter(({ reservation }) => isHeldBy(reservation, attachment(id)))
    .map(({ address }) => address)
    .sort();
}

/** What the store does for an address, with or without living to close the ledger. */
function change(
  place: NetworkFolder,
  id: string,
  address: string,
  { killed }: { killed: boolean },
): void {
  const path = join(place.directory, address);
  const ledger = openLedger(place);
  if (existsSync(path)) {
    unlinkSync(path);
    ledger.noteFreed(address);
  } else {
    writeFileSync(path, `${id}\r\neth0`);
    ledger.noteReserved(address, attachment(id));
  }
  if (!killed) ledger.close();
}

function changeUnseen(
  { directory }: NetworkFolder,
  id: string,
  address: string,
): void {
  const path = join(directory, address);
  if (existsSync(path)) unlinkSync(path);
  else writeFileSync(path, `${id}\r\neth0`);
}

const ids = ["a", "b", "crowd-7"];

const step = fc.record({
  kind: fc.constantFrom(
    "ours",
    "ours",
    "killed",
    "theirs",
    "look",
    "look",
    "reboot",
  ),
  id: fc.constantFrom(...ids),
  address: fc.constantFrom("10.1.2.2", "10.1.2.3", "fd00::2", "10.200.0.7"),
});

describe("a ledger", { timeout: 60_000 }, () => {
  it("finds what files say, whoever wrote or removed them, and whoever was killed", () => {
    using crowded = crowd();
    const { place } = crowded;
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 25 }), (steps) => {
        for (const { kind, id, address } of steps) {
          if (kind === "ours") change(place, id, address, { killed: false });
          if (kind === "killed") change(place, id, address, { killed: true });
          if (kind === "theirs") changeUnseen(place, id, address);
          if (kind === "reboot")
            rmSync(place.runDirectory!, { recursive: true, force: true });
          if (kind === "look")
            expect(find(place, id)).toEqual(holds(place, id));
        }
        for (const id of ids) expect(find(place, id)).toEqual(holds(place, id));
      }),
      { numRuns: 10, endOnFailure: true },
    );
  });

  it("sees a change that leaves the folder's natural time as it was", () => {
    using crowded = crowd();
    const { place } = crowded;
    change(place, "a", "10.1.2.2", { killed: false });
    expect(find(place, "a")).toEqual(["10.1.2.2"]);
    // All in one tick of a coarse clock: the time that a change would have left is put back
    const { atime, mtime } = statSync(place.directory);
    expect(Date.now() - mtime.getTime()).toBeGreaterThan(900);
    changeUnseen(place, "a", "10.1.2.3");
    const natural = statSync(place.directory).mtime;
    change(place, "b", "10.1.2.4", { killed: false });
    changeUnseen(place, "a", "10.1.2.5");
    utimesSync(place.directory, atime, natural);
    expect(find(place, "a")).toEqual(["10.1.2.2", "10.1.2.3", "10.1.2.5"]);
  });

  it("reads no file whose length doesn't fit, and none twice", () => {
    using crowded = crowd();
    const { place } = crowded;
    expect(find(place, "somebody-else")).toEqual([]);
    // Edited in place: who reads the file again sees the difference
    const edited = join(place.directory, "10.200.0.7");
    expect(find(place, "crowd-7")).toEqual(["10.200.0.7"]);
    writeFileSync(edited, "crowd-X\r\neth0");
    expect(openLedger(place).candidates(attachment("crowd-X"))).toEqual([]);
    expect(openLedger(place).candidates(attachment("crowd-7"))).toEqual([
      "10.200.0.7",
    ]);
  });

  it("isn't kept for few addresses", () => {
    using crowded = crowd();
    const { place } = crowded;
    for (const name of readdirSync(place.directory).slice(11))
      unlinkSync(join(place.directory, name));
    expect(find(place, "a")).toBeUndefined();
    expect(existsSync(place.runDirectory!)).toBe(false);
  });

  it("is made anew when more was struck out or appended than it is worth", () => {
    using crowded = crowd();
    const { place } = crowded;
    find(place, "a");
    const ledger = openLedger(place);
    // 1 MiB of slack, 64 addresses struck out at once
    for (let i = 0; i < 100; i++) {
      const address = `10.200.0.${i}`;
      unlinkSync(join(place.directory, address));
      ledger.noteFreed(address);
    }
    ledger.close();
    writeFileSync(join(place.directory, "10.1.2.2"), "a\r\neth0");
    for (let i = 0; i < 200; i++)
      writeFileSync(join(place.directory, `10.201.0.${i}`), "z\r\neth0");
    expect(find(place, "a")).toEqual(["10.1.2.2"]);
    expect(find(place, "crowd-7")).toEqual([]);
  });

  it("is an aid: without a place to write it everything is found all the same", () => {
    using crowded = crowd();
    const { directory, binding } = crowded.place;
    const place = { directory, binding, runDirectory: "/proc/nowhere" };
    expect(find(place, "crowd-7")).toEqual(["10.200.0.7"]);
    change(place, "a", "10.1.2.2", { killed: false });
    expect(find(place, "a")).toEqual(["10.1.2.2"]);
  });
});
