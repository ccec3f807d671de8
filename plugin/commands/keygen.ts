import { CniError, ErrorCode } from "../../cni/error.ts";
import { keygen, type KeyringStep } from "./keyring-steps.ts";
import type { Terminal } from "./command.ts";
import { type Options, configurationFor } from "./options.ts";

/** `crosslink keygen`: writes to the keyring, and never a secret to the terminal. */
export function runKeygen(options: Options, terminal: Terminal): number {
  const { keyring } = configurationFor(options);
  terminal.writeStdout(`${keygen(keyring, requestedStep(options))}\n`);
  return 0;
}

function requestedStep({ flags }: Options): KeyringStep {
  const [step = "create", ...others] = flags;
  if (others.length === 0) return step as KeyringStep;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    "Cannot take two steps of a rotation at once",
    {
      details:
        "give one of --rotate, --activate and --retire; every node must have taken a step before the next",
    },
  );
}
