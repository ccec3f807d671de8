import { expect, test } from "vitest";
import type { Conversation } from "../../../../native/conversation.ts";
import { NetlinkError } from "../../../../native/error.ts";
import { xfrmClient } from "../../../../native/xfrm/client.ts";
import { policy, association } from "../../../support/xfrm/xfrm.ts";

const EPERM = 1;
const ENOENT = 2;
const ESRCH = 3;

/** Flags, and nothing behind them. */
const empty = {
  type: 0,
  flags: 0,
  sequence: 1,
  portId: 0,
  body: new Uint8Array(4),
};

test("getAssociation() and getPolicy() are undefined only where there is nothing", () => {
  expect(refusing(ESRCH).getAssociation(association)).toBeUndefined();
  expect(refusing(ENOENT).getPolicy(policy)).toBeUndefined();
  expect(() => refusing(EPERM).getPolicy(policy)).toThrow(
    "Cannot get policy dir out src 10.0.0.0/24 dst 10.0.1.0/25: XFRM_MSG_GETPOLICY: EPERM",
  );
});

test("countPolicies() throws RangeError for an answer without counts", () => {
  const client = xfrmClient(conversation({ ask: () => empty }));
  expect(() => client.countPolicies()).toThrow(RangeError);
  expect(() => client.countAssociations()).toThrow(RangeError);
});

test("close() closes the conversation", () => {
  let closed = 0;
  xfrmClient(conversation({ close: () => closed++ })).close();
  expect(closed).toBe(1);
});

function refusing(errno: number) {
  return xfrmClient(
    conversation({
      ask: (request) => {
        throw new NetlinkError(request, errno);
      },
    }),
  );
}

/** Whatever a test does not expect to be called throws. */
function conversation(methods: Partial<Conversation>): Conversation {
  const unexpected = () => {
    throw new Error("Cannot answer: unexpected call");
  };
  return {
    mark: 0,
    execute: unexpected,
    ask: unexpected,
    executeAll: unexpected,
    askAll: unexpected,
    dump: unexpected,
    dumpRead: unexpected,
    exchange: unexpected,
    close: unexpected,
    ...methods,
  };
}
