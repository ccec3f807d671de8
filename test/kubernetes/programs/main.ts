import { buildPrograms } from "./build.ts";

// `node test/kubernetes/programs/main.ts`: fills the cache before a test run needs it.
for (const [name, folder] of buildPrograms((sentence) => {
  console.log(`kubernetes: ${sentence}`);
}))
  console.log(`${name}: ${folder}`);
