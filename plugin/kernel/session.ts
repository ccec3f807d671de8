import {
  openRoute,
  openXfrm,
  type RouteClient,
  type XfrmClient,
} from "../../native/index.ts";
import { inNamespace, type Kernel, using } from "./kernel.ts";

/** The open conversations of one call with its node's kernel. */
export interface Session {
  readonly kernel: Kernel;
  readonly route: RouteClient;
  readonly xfrm: XfrmClient;
}

/** A session that whoever opened it closes. */
export interface OpenSession extends Session {
  readonly close: () => void;
}

/** Lends a session for as long as `use` runs. */
export type LendSession = <Result>(use: (session: Session) => Result) => Result;

/** Opens the conversations that every command needs. Throws NetlinkError. */
export function openSession(kernel: Kernel): OpenSession {
  const route = openRoute(kernel.binding, inNamespace(kernel));
  try {
    const xfrm = openXfrm(kernel.binding, inNamespace(kernel));
    const close = (): void => {
      xfrm.close();
      route.close();
    };
    return { kernel, route, xfrm, close };
  } catch (error) {
    route.close();
    throw error;
  }
}

/** Opens a session, hands it to `use`, and closes it whatever happens. */
export function withSession<Result>(
  kernel: Kernel,
  use: (session: Session) => Result,
): Result {
  return using(openSession(kernel), use);
}
