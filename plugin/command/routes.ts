import type { Terminal } from "./main.ts";
import type { Options } from "./options.ts";
export function runRoutes(_options: Options, _terminal: Terminal): number { return 0; }
