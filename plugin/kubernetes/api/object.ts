import { isObject } from "../../../cni/configuration.ts";

/** What every object of the API has (meta/v1 ObjectMeta), as far as we look at it. */
export interface ApiObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly uid?: string;
    /** RFC 3339. */
    readonly creationTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** The value as an object of the API; undefined for what is none. Of the rest nothing is known. */
export function asObject(value: unknown): ApiObject | undefined {
  if (!isObject(value) || !isObject(value["metadata"])) return undefined;
  return typeof value["metadata"]["name"] === "string"
    ? (value as unknown as ApiObject)
    : undefined;
}
