import { isObject } from "../../../cni/configuration.ts";
import type { Access } from "./access.ts";
import { ApiError } from "./error.ts";
import { type ApiObject, asObject } from "./object.ts";
import { ask } from "./request.ts";

/** What is listed and watched. */
export interface Collection {
  /** Such as `/api/v1/nodes`. */
  readonly path: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** All objects of a collection at one moment. */
export interface Listing {
  readonly objects: readonly ApiObject[];
  /** From here a watch goes on. */
  readonly resourceVersion: string;
}

/** Objects a page, as kubectl has it. */
const PAGE = 500;

/** Lists a collection, page by page. Rejects with ApiError; 410 where the pages' moment is no longer held. */
export async function list(
  access: Access,
  { path, ...selectors }: Collection,
): Promise<Listing> {
  const objects: ApiObject[] = [];
  let rest: string | undefined;
  for (;;) {
    const page = await ask(access, {
      path,
      query: { ...selectors, limit: String(PAGE), continue: rest },
    });
    const metadata = isObject(page) ? page["metadata"] : undefined;
    const items = isObject(page) ? page["items"] : undefined;
    if (!isObject(metadata) || !Array.isArray(items))
      throw new ApiError(`Cannot list ${path}: no list came back`);
    for (const item of items) {
      const object = asObject(item);
      if (object !== undefined) objects.push(object);
    }
    rest = textOf(metadata["continue"]);
    if (rest === undefined)
      return {
        objects,
        resourceVersion: textOf(metadata["resourceVersion"]) ?? "",
      };
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
