import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Small files that take longest, mostly waiting: what is begun last ends alone. */
const LONGEST = ["test/kubernetes/here.test.ts"];

/** The order within a project: these first, then as vitest does, which knows nothing but sizes in a fresh clone. */
export class LongestFirst extends BaseSequencer {
  override async sort(
    files: TestSpecification[],
  ): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean =>
      LONGEST.some((name) => moduleId.endsWith(`/${name}`));
    // Whichever project they are of, projects have their own order.
    return [...sorted.filter(isLong), ...sorted.filter((it) => !isLong(it))];
  }
}
