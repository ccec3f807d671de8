/** Where the built binary begins for a CNI call: none of what only commands need is read then. As start.ts else. */
import { servePluginCall } from "./call.ts";
import { openFront } from "./front.ts";

// At once, since all is written: a process that ends by itself first lets V8 collect garbage.
process.exit(servePluginCall(process.env, openFront(process.env)));
