import { buildPrograms } from "./build.ts";
import { programsMissing } from "./missing.ts";

const say = (sentence: string): void => {
  console.log(`kubernetes: ${sentence}`);
};

// `node test/kubernetes/programs/main.ts`: fills the cache before a test run needs it. Ends with 3 where something is missing
// without which nothing can be played, and names it.
const missing = programsMissing();
if (missing === undefined) build();
else {
  say(`cannot be played without ${missing}`);
  process.exitCode = 3;
}

function build(): void {
  try {
    buildPrograms(say);
  } catch (error) {
    say(`tries once more, after ${String(error)}`);
    buildPrograms(say);
  }
}
