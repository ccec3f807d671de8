import { buildPrograms, CACHE, notInCache } from "./build.ts";
import { programsMissing } from "./missing.ts";

const say = (sentence: string): void => {
  console.log(`kubernetes: ${sentence}`);
};

// `node test/kubernetes/programs/main.ts`: fills the cache before a test run needs it; with --only-cache it only looks. Ends
// with 3 where something is missing without which nothing can be played, and names it.
const missing = process.argv.includes("--only-cache")
  ? missingInCache()
  : programsMissing();
if (missing === undefined) build();
else {
  say(`cannot be played without ${missing}`);
  process.exitCode = 3;
}

function missingInCache(): string | undefined {
  const names = notInCache().map(({ name }) => name);
  return names.length === 0
    ? undefined
    : `${names.join(", ")} in ${CACHE}; \`npm test -- --with-kubernetes\` builds them`;
}

function build(): void {
  try {
    buildPrograms(say);
  } catch (error) {
    say(`tries once more, after ${String(error)}`);
    buildPrograms(say);
  }
}
