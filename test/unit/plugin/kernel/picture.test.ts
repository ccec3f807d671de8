import { expect, it } from "vitest";
import type { Route, RouteClient } from "../../../../native/index.ts";
import { pictureOf } from "../../../../plugin/kernel/picture.ts";
import type { Session } from "../../../../plugin/kernel/session.ts";

/** A session whose kernel changes between any two questions, and that tells what it was asked. */
function restless() {
  const asked: string[] = [];
  const tell = (question: string): never[] => {
    asked.push(question);
    return [];
  };
  const wayTo = (destination: Uint8Array) =>
    ({ outputInterface: asked.length, gateway: destination }) as never as Route;
  const route: Partial<RouteClient> = {
    link: (which) =>
      ({ name: String(which), index: tell("link").length }) as never,
    addresses: (family) => tell(`addresses ${String(family)}`),
    routes: ({ family, table }) =>
      tell(`routes ${String(family)} ${String(table)}`),
    rules: (family) => tell(`rules ${String(family)}`),
    getRoute: (destination, lookup) => {
      tell(`getRoute ${destination.join(".")} ${String(lookup?.fibMatch)}`);
      return wayTo(destination);
    },
    getRoutes: (destinations) => {
      tell(`getRoutes ${destinations.map((each) => each.join(".")).join()}`);
      return destinations.map(wayTo);
    },
    neighbours: () => tell("neighbours"),
  };
  return {
    asked,
    session: { kernel: {}, xfrm: {}, route } as never as Session,
  };
}

it("asks each thing once, and gives all the same answer", () => {
  const { asked, session } = restless();
  const { route } = pictureOf(session);
  expect(route.addresses()).toBe(route.addresses());
  expect(route.link("eth0")).toBe(route.link("eth0"));
  expect(route.rules(2)).toBe(route.rules(2));
  const main = route.routes({ family: 2, table: 254 });
  expect(route.routes({ family: 2, table: 254 })).toBe(main);
  expect(route.routes({ family: 2, table: 255 })).not.toBe(main);
  expect(asked).toEqual([
    "addresses undefined",
    "link",
    "rules 2",
    "routes 2 254",
    "routes 2 255",
  ]);
});

it("asks for the ways that it does not know yet, each once, in one question", () => {
  const { asked, session } = restless();
  const { route } = pictureOf(session);
  const [a, b, c] = [1, 2, 3].map((last) => Uint8Array.of(10, 0, 0, last));
  const first = route.getRoute(a!);
  const [again, second, , third] = route.getRoutes([a!, b!, b!, c!]);
  expect(again).toBe(first);
  expect([second?.gateway, third?.gateway]).toEqual([b, c]);
  expect(route.getRoute(c!)).toBe(third);
  route.getRoute(a!, { fibMatch: true });
  expect(asked).toEqual([
    "getRoutes 10.0.0.1",
    "getRoutes 10.0.0.2,10.0.0.3",
    "getRoute 10.0.0.1 true",
  ]);
});

it("asks anew once it has been told to forget, and whatever it does not keep", () => {
  const { asked, session } = restless();
  const picture = pictureOf(session);
  picture.route.rules(2);
  picture.forget();
  picture.route.rules(2);
  picture.route.neighbours();
  picture.route.neighbours();
  expect(asked).toEqual(["rules 2", "rules 2", "neighbours", "neighbours"]);
});
