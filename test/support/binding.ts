import { buildAddon } from "../../.build/addon.ts";
import { type Binding, loadBinding } from "../../native/binding.ts";

/** The real addon, built from its source where that has changed. */
export const binding: Binding = loadBinding(buildAddon());
