/** The article's demonstration: a database in one cluster replicates to another by pods' addresses, whatever is done to its nodes. */
import {
  arrival,
  insert,
  type Pair,
  replicate,
} from "../../support/mariadb/replication.ts";
import { LOSSES } from "../fence/traffic.ts";
import {
  addCrosslink,
  clearText,
  openStage,
  type Side,
} from "../leak/stage.ts";
import { rotate } from "../leak/rotate.ts";
import { captureWires, type WiresCapture } from "../support/capture-wires.ts";
import { mustRunIn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import { database } from "./server.ts";

{
  using stage = await openStage({ linked: true });
  const { world, sides } = stage;
  const [east, west] = sides;
  const shut = await captureWires(world);
  const pair = {
    primary: await database(east, 1),
    replica: await database(west, 2),
  };
  await pair.primary.start();
  await pair.replica.start();
  await replicate(pair, {
    address: east.pod.address(),
    readers: "10.0.1.%",
  });

  await tellArrival(
    "1,000 rows arrive, and their checksums are equal",
    pair,
    () => insert(pair.primary, 1000),
  );
  await tellArrival(
    "what is written during a rotation of keys arrives",
    pair,
    () => rotate(stage, () => insert(pair.primary, 100)),
  );
  await tellArrival(
    "what is written while a node's xfrm is flushed arrives",
    pair,
    async () => {
      await lose(west, "xfrm");
      await insert(pair.primary, 100);
      await addCrosslink(west);
    },
  );
  await tellArrival(
    "what is written after a reboot of the primary's node arrives",
    pair,
    async () => {
      await pair.primary.kill();
      await lose(east, "reboot");
      await addCrosslink(east);
      await pair.primary.start();
      await insert(pair.primary, 100);
    },
  );
  const { esp, clear, shown } = await seenBy(shut);
  tell("no SQL passes in clear text", clear === 0 && esp > 100, {
    esp,
    clear,
    shown,
  });

  const open = await captureWires(world);
  for (const side of sides) await lose(side, "reboot");
  await insert(pair.primary, 100);
  await pair.primary.ask("select sleep(3)");
  const leaked = await seenBy(open);
  tell("without crosslink SQL is seen in clear text", leaked.clear > 0, leaked);
  await pair.primary.kill();
  await pair.replica.kill();
}

/** Does something, and tells whether both ends have the same rows in the end. */
async function tellArrival(
  name: string,
  pair: Pair,
  act: () => Promise<void>,
): Promise<void> {
  await act();
  const { isSame, ...seen } = await arrival(pair);
  tell(name, isSame, seen);
}

async function lose({ node }: Side, what: keyof typeof LOSSES): Promise<void> {
  await mustRunIn(node.namespace, "sh", "-ec", LOSSES[what]);
}

async function seenBy(
  recorder: WiresCapture,
): Promise<{ esp: number; clear: number; shown: string }> {
  using wires = await recorder.stop();
  return {
    esp: wires.count("esp"),
    clear: wires.count(`(${clearText}) and tcp port 3306`),
    shown: wires.show(clearText, 3),
  };
}
