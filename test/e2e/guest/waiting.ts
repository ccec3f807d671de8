/** Has a guest of its own wait in vain, and says when it does: for a test of what is left of it where this is killed. */
import { booter } from "../../support/guest/booter.ts";
import { residentGuest } from "../../support/guest/resident.ts";

using resident = residentGuest({ modules: [] }, booter(undefined, false));
const command = ["bash", "-c", "echo waiting; sleep 9999"];
await resident.run({ command, seconds: 9999 }, (line) => {
  process.stdout.write(line);
});
