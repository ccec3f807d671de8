import {
  type ObservedAssociation,
  type ObservedPolicy,
  sameBytes,
  type SecurityAssociation,
  type SecurityPolicy,
  type Template,
} from "../../native/index.ts";

/** Whether a policy in the kernel does what `wanted` asks: same action, flags and templates. */
export function policyServes(
  wanted: SecurityPolicy,
  observed: ObservedPolicy,
): boolean {
  return (
    observed.foreign.length === 0 &&
    wanted.action === observed.action &&
    (wanted.flags ?? 0) === (observed.flags ?? 0) &&
    wanted.templates.length === observed.templates.length &&
    wanted.templates.every((template, index) =>
      sameTemplate(template, observed.templates[index]),
    )
  );
}

/** Whether an SA in the kernel is `wanted` in everything that its packets depend on. */
export function associationServes(
  wanted: SecurityAssociation,
  observed: ObservedAssociation,
): boolean {
  return sameTunnel(wanted, observed) && sameKey(wanted, observed);
}

/** Whether both are the same tunnel, whatever their keys. */
function sameTunnel(
  wanted: SecurityAssociation,
  observed: ObservedAssociation,
): boolean {
  return (
    observed.foreign.length === 0 &&
    sameBytes(wanted.source, observed.source) &&
    sameValues(tunnelValues(wanted), tunnelValues(observed))
  );
}

function tunnelValues(
  sa: Omit<SecurityAssociation, "aead">,
): (string | number | undefined)[] {
  const { reqid, mode, replayWindow, flags = 0, ifId = 0, encapsulation } = sa;
  const { sourcePort, destinationPort } = encapsulation ?? {};
  return [reqid, mode, replayWindow, flags, ifId, sourcePort, destinationPort];
}

/** Whether both encrypt alike: algorithm, ICV and key. */
function sameKey(
  wanted: SecurityAssociation,
  observed: ObservedAssociation,
): boolean {
  return (
    observed.aead !== undefined &&
    wanted.aead.algorithm === observed.aead.algorithm &&
    wanted.aead.icvBits === observed.aead.icvBits &&
    wanted.aead.key.equals(observed.aead.key)
  );
}

function sameTemplate(
  wanted: Template,
  observed: Template | undefined,
): boolean {
  return (
    observed !== undefined &&
    sameBytes(wanted.source, observed.source) &&
    sameBytes(wanted.destination, observed.destination) &&
    sameValues(templateValues(wanted), templateValues(observed))
  );
}

function templateValues(
  template: Template,
): (string | number | boolean | undefined)[] {
  const { reqid, mode, spi = 0, optional = false, protocol = 50 } = template;
  return [reqid, mode, spi, optional, protocol];
}

function sameValues<Value>(a: readonly Value[], b: readonly Value[]): boolean {
  return a.every((value, index) => value === b[index]);
}
