import type { Request } from "../../cni/request.ts";
import { readConfiguration } from "../configuration/network.ts";
import { type IpamContext, placeOf } from "../context.ts";
import { configuredSets } from "../pool.ts";
import { withStore } from "../store/disk.ts";
import { syncDirectory } from "../folder/durable.ts";
import { removeNotes, removeNotesFolder } from "../folder/notes.ts";

/**
 * DEL: frees every address of the attachment, in whatever range; that there is none is no error. Doesn't need the mesh.
 *
 * host-local releases once for each range set, and what has no interface goes when nothing else is left to release:
 * so with two sets, files from before interfaces were go with the others. The same here, since both programs may serve
 * one attachment.
 */
export function del(request: Request, context: IpamContext): void {
  const configuration = readConfiguration(request);
  const sets = configuredSets(request, configuration);
  const owner = { containerID: request.containerId, ifname: request.ifname };
  const place = placeOf(configuration, context);
  const rounds = sets ?? ["auto"];
  const freed = withStore(place, (store) =>
    rounds.flatMap(() => store.release(owner)),
  );
  if (freed.length === 0) return;
  syncDirectory(place.directory);
  removeNotes(place, freed);
  removeNotesFolder(place);
}
