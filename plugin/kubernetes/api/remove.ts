import type { Access } from "./access.ts";
import { isStatus } from "./error.ts";
import { ask } from "./request.ts";

/** Deletes an object; one that is gone is no error. */
export async function removeObject(
  access: Access,
  path: string,
): Promise<void> {
  try {
    await ask(access, { method: "DELETE", path });
  } catch (error) {
    if (!isStatus(error, 404)) throw error;
  }
}
