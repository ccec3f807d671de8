import { expect, it } from "vitest";
import { lookKinds } from "../../../../plugin/agent/look-kinds.ts";

/** Of an agent whose kernel others touch. */
function kinds() {
  let wasTouched = false;
  const touched = (): boolean => {
    const was = wasTouched;
    wasTouched = false;
    return was;
  };
  const touch = (): void => {
    wasTouched = true;
  };
  return { ...lookKinds({ wasTouched: touched }), touch };
}

it("lookKinds() takes a look at the changed alone for enough only where nothing else happened", () => {
  const { next, looked, begin, touch, last } = kinds();
  expect(next()).toBe("changed");
  begin("sweep");
  expect(next()).toBe("whole");
  looked(false);
  expect(next()).toBe("changed");
  touch();
  expect(next()).toBe("whole");
  looked(true);
  expect(last()).toBe("partly");
  looked(false);
  expect(last()).toBe(true);
});

it("lookKinds() puts off what else happened for one look, and owes it until all was looked at", () => {
  const { next, looked, begin, touch, isOwed } = kinds();
  begin("files");
  expect(next()).toBe("changed");
  looked(true);
  touch();
  begin("files");
  expect(next()).toBe("changed behind the fence");
  looked(true);
  expect(isOwed()).toBe(true);
  // A call that comes between does not wait.
  expect(next()).toBe("whole");
  looked(false);
  expect(isOwed()).toBe(false);
  expect(next()).toBe("changed");
});

it("lookKinds() owes a look that failed", () => {
  const { next, touch, isOwed } = kinds();
  touch();
  expect(next()).toBe("whole");
  expect(isOwed()).toBe(true);
  expect(next()).toBe("whole");
});
