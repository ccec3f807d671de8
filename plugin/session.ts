import { openRoute, type RouteClient } from "../native/route/client.ts";
import { openXfrm, type XfrmClient } from "../native/xfrm/client.ts";
import { inNamespace, type Kernel, using } from "./kernel.ts";

/** The open conversations of one call with its node's kernel. */
export interface Session {
  readonly kernel: Kernel;
  readonly route: RouteClient;
  readonly xfrm: XfrmClient;
}

/** Opens the conversations that every command needs, and closes them whatever happens. */
export function withSession<Result>(
  kernel: Kernel,
  use: (session: Session) => Result,
): Result {
  return using(openRoute(kernel.binding, inNamespace(kernel)), (route) =>
    using(openXfrm(kernel.binding, inNamespace(kernel)), (xfrm) =>
      use({ kernel, route, xfrm }),
    ),
  );
}
