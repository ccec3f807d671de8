import type { PacketMark } from "../base/mark.ts";
import type { SetPool } from "./set-pool.ts";

/** What rules of our table share. */
export interface TableContext {
  readonly pool: SetPool;
  /** Marks of packets that are left to the rules of others. */
  readonly spares: readonly PacketMark[];
}
