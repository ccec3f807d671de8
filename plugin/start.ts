/** Where the built binary begins: the process meets the front door here, and nowhere else. */
import { main } from "./main.ts";

// An exit code, not process.exit(): what was written is written, and nothing is left to wait for.
process.exitCode = main(process.argv0, process.argv.slice(2), process.env);
