import { expect, it } from "vitest";
import { lookKinds } from "../../../../plugin/agent/look-kinds.ts";

it("lookKinds() takes a look at the changed alone for enough only where nothing else happened", () => {
  let wasTouched = false;
  const kinds = lookKinds({ wasTouched: () => wasTouched });
  expect(kinds.isUntouched()).toBe(true);
  kinds.wantWhole();
  expect(kinds.isUntouched()).toBe(false);
  expect(kinds.isUntouched()).toBe(true);
  wasTouched = true;
  expect(kinds.isUntouched()).toBe(false);
  kinds.looked(true);
  expect(kinds.last()).toBe("partly");
  kinds.looked(false);
  expect(kinds.last()).toBe(true);
});
