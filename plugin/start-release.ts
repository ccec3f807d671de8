/** Where the built binary begins for DEL, GC and VERSION, which need none of what reads cluster files. As start-call.ts else. */
import { run } from "../cni/main.ts";
import { openFront } from "./front.ts";
import { releaseHandlers } from "./handlers/release.ts";
import { withSession } from "./kernel/session.ts";

const front = openFront(process.env);

process.exit(
  run(
    { environment: process.env, ...front },
    {
      ...releaseHandlers({
        lend: (use) => withSession(front.kernel(), use),
        writeStderr: front.writeStderr,
      }),
      add: isElsewhere,
      check: isElsewhere,
      status: isElsewhere,
    },
  ),
);

/** The loader chooses the script by the command. */
function isElsewhere(): never {
  throw new RangeError("start-call.ts serves this command");
}
