/** Where the built binary begins for a call of crosslink-ipam. As start-call.ts else. */
import { openFront } from "./front.ts";
import { serveIpamCall } from "./call.ts";

process.exit(serveIpamCall(process.env, openFront(process.env)));
