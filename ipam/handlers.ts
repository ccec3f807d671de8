import type { Handlers } from "../cni/main.ts";
import { add } from "./command/add.ts";
import { check } from "./command/check.ts";
import { del } from "./command/del.ts";
import { gc } from "./command/gc.ts";
import { status } from "./command/status.ts";
import type { IpamContext } from "./context.ts";

/** The IPAM helper as cni/main.ts's `run` serves it. Keeps no state between calls. */
export function ipamHandlers(context: IpamContext): Handlers {
  return {
    add: (request) => add(request, context),
    del: (request) => {
      del(request, context);
    },
    check: (request) => {
      check(request, context);
    },
    gc: (request) => {
      gc(request, context);
    },
    status: (request) => {
      status(request, context);
    },
  };
}
