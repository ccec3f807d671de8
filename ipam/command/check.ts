import { CniError, ErrorCode } from "../../cni/error.ts";
import type { Request } from "../../cni/request.ts";
import { type Address, parseAddressWithPrefix } from "../../ip/cidr.ts";
import { setHas } from "../allocator.ts";
import { readConfiguration } from "../configuration/network.ts";
import { type IpamContext, placeOf } from "../context.ts";
import { configuredSets } from "../pool.ts";
import type { RangeSet } from "../configuration/range.ts";
import { withStore } from "../store/disk.ts";

/**
 * CHECK: the attachment holds an address, and prevResult agrees with the store.
 *
 * @throws CniError 103 that names what is missing
 */
export function check(request: Request, context: IpamContext): void {
  const configuration = readConfiguration(request);
  const sets = configuredSets(request, configuration);
  const owner = { containerID: request.containerId, ifname: request.ifname };
  const held = withStore(placeOf(configuration, context), (store) =>
    store.find(owner),
  );
  if (held.length === 0) {
    throw failed(request, "the store has no address of it");
  }
  const missing = missingAddresses(request, held, sets);
  if (missing.length > 0) {
    throw failed(
      request,
      `prevResult has ${missing.join(", ")}, the store ${held.join(", ")}`,
    );
  }
}

/**
 * Addresses of prevResult that the store should have and hasn't. A later plugin of the chain may have added addresses,
 * so one that lies in no range is only missing where no other of prevResult's addresses is held.
 */
function missingAddresses(
  request: Request,
  held: readonly string[],
  sets: readonly RangeSet[] | undefined,
): readonly string[] {
  const said = saidAddresses(request);
  const gone = said.filter(({ text }) => !held.includes(text));
  const ours = gone.filter((address) =>
    sets?.some((set) => setHas(set, address)),
  );
  const missing = gone.length === said.length ? gone : ours;
  return missing.map(({ text }) => text);
}

/** prevResult's addresses of this attachment's interface; those that name no interface are of the only one. */
function saidAddresses({ prevResult, ifname }: Request): readonly Address[] {
  return (prevResult?.ips ?? [])
    .filter(({ interface: index }) => {
      const owner = prevResult?.interfaces[index ?? -1];
      return owner === undefined || owner.name === ifname;
    })
    .map(({ address }) => parseAddressWithPrefix(address).address);
}

function failed({ containerId, ifname }: Request, fact: string): CniError {
  return new CniError(
    ErrorCode.checkFailed,
    `Cannot find the address of container "${containerId}", interface "${ifname}": ${fact}`,
    {
      details:
        "another pod may be given that address: delete this one, so that it is made anew with an address that is reserved; `crosslink ipam` lists who holds which",
    },
  );
}
