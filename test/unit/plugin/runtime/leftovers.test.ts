import { describe, expect, it } from "vitest";
import { leftovers } from "../../../../plugin/runtime/leftovers.ts";

const attachment = (containerID: string) => ({
  network: "pods",
  containerID,
  ifname: "eth0",
});
const one = attachment("one");
const two = attachment("two");
const nobody = () => false;

describe("leftovers()", () => {
  it("takes nobody's attachment for left over before the grace period is over", () => {
    const { judge } = leftovers(300);
    expect(judge([one], nobody, 1000)).toEqual([]);
    expect(judge([one], nobody, 1299)).toEqual([]);
    expect(judge([one], nobody, 1300)).toEqual([one]);
  });

  it("starts anew where an attachment's sandbox was known in between", () => {
    const { judge } = leftovers(300);
    judge([one], nobody, 0);
    judge([one], () => true, 200);
    expect(judge([one], nobody, 400)).toEqual([]);
    expect(judge([one], nobody, 700)).toEqual([one]);
  });

  it("starts anew where an attachment was gone in between: its name may have been given again", () => {
    const { judge } = leftovers(300);
    judge([one], nobody, 0);
    judge([], nobody, 200);
    expect(judge([one], nobody, 400)).toEqual([]);
  });

  it("never names one that lives, however long it has been there", () => {
    const { judge } = leftovers(300);
    const onlyTwoLives = ({ containerID }: typeof one) => containerID === "two";
    judge([one, two], onlyTwoLives, 0);
    expect(judge([one, two], onlyTwoLives, 1e9)).toEqual([one]);
  });

  it("tells attachments of one container apart by network and interface", () => {
    const { judge } = leftovers(300);
    const other = { ...one, ifname: "net1" };
    judge([one], nobody, 0);
    expect(judge([one, other], nobody, 300)).toEqual([one]);
  });
});
