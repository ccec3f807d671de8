import type { Conversation } from "../../conversation.ts";
import { ignoring } from "../../error.ts";
import { RTM_GETQDISC, RTM_GETTFILTER } from "../constants.ts";
import { naming } from "../device.ts";
import {
  decodeFilter,
  encodeFilterQuery,
  type TrafficFilter,
} from "./filter.ts";
import { decodeQdisc, encodeQdiscQuery, type Qdisc } from "./qdisc.ts";

/** What traffic control does to packets, for RouteClient. Reads only. */
export function trafficControl(conversation: Conversation) {
  return {
    qdiscs: (): Qdisc[] =>
      conversation
        .dump({
          operation: "RTM_GETQDISC",
          type: RTM_GETQDISC,
          body: encodeQdiscQuery(),
        })
        .map(({ body }) => decodeQdisc(body)),
    ingressFilters: (index: number): TrafficFilter[] => {
      const get = {
        operation: "RTM_GETTFILTER",
        type: RTM_GETTFILTER,
        body: encodeFilterQuery(index),
      };
      // A device that has gone has none.
      const found =
        ignoring(["ENODEV"], () =>
          naming(conversation, index, "list the ingress filters of", () =>
            conversation.dump(get),
          ),
        ) ?? [];
      return found.map(({ body }) => decodeFilter(body));
    },
  };
}
