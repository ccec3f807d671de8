import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { CniError } from "../../../cni/error.ts";
import {
  type NetworkConfiguration,
  parseNetwork,
} from "../../../conf/network.ts";
import { listen } from "../../../plugin/agent/changes.ts";
import { lookKinds } from "../../../plugin/agent/look-kinds.ts";
import { silent } from "../../../plugin/kernel/log.ts";
import { withSession } from "../../../plugin/kernel/session.ts";
import { type EnsureNode, refreshNode } from "../../../plugin/node/refresh.ts";
import { binding } from "../binding.ts";
import { associationText } from "../mesh/mesh.ts";
import { HOST, type NodeSite, nodeSite } from "../node-site.ts";
import { type Dumps, type Sad, withSad } from "../xfrm/sad.ts";

/** A node whose kernel has all but ESP, and somebody who looks after it. */
export interface LookedAfter extends Disposable {
  readonly site: NodeSite;
  /** Where the rest is put off, at what the files changed alone. */
  readonly look: (how?: "rest put off") => Looked;
  /** What its xfrm holds: policies in the words of `ip`, and SAs in those of `ip` too. */
  readonly holds: () => readonly string[];
  /** All that was logged. */
  readonly said: readonly string[];
}

/** How a look went: which it was, or the code of its error; and which lists it asked for. */
interface Looked {
  readonly outcome: "whole" | "partly" | number;
  readonly dumps: Dumps;
}

/** Looks as a resident agent does: it hears what happens, and knows what it did. */
export function byAgent(): LookedAfter {
  const site = nodeSite();
  const kernel = { binding, netns: site.node.fd };
  const conflists = { folder: mkdtempSync(join(site.folder, "net.d-")) };
  const changes = listen({ kernel, conflists, log: silent }, () => undefined);
  const looks = lookKinds(changes);
  const onlooker = { know: () => undefined, repaired: () => undefined };
  const refresh = refreshNode({ host: HOST }, { onlooker }, looks);
  const kept = lookedAfter(site, (session, config, log) => {
    changes.poll();
    changes.followFiles(config, { flannel: false });
    const node = refresh(session, config, log);
    changes.passOver(session.xfrm.mark);
    return node;
  });
  return {
    ...kept,
    look: (how) => {
      if (how === "rest put off") looks.begin("files");
      const { outcome, dumps } = kept.look();
      const isPart = outcome === "whole" && looks.last() === "partly";
      return { outcome: isPart ? "partly" : outcome, dumps };
    },
    [Symbol.dispose]: () => {
      changes.close();
      kept[Symbol.dispose]();
    },
  };
}

/** Looks as a process of one call does: at everything, knowing nothing of the look before. */
export function byCalls(): LookedAfter {
  return lookedAfter(nodeSite(), (...look) =>
    refreshNode({ host: HOST })(...look),
  );
}

function lookedAfter(site: NodeSite, ensure: EnsureNode): LookedAfter {
  const kernel = { binding, netns: site.node.fd };
  const sad: Sad = new Map();
  const said: string[] = [];
  return {
    ...{ site, said },
    look: () => {
      const dumps = { policies: 0, associations: 0 };
      const outcome = orCode(() =>
        withSession(kernel, (session) => {
          const xfrm = withSad(session.xfrm, sad, dumps);
          ensure({ ...session, xfrm }, configOf(site), (_, message) => {
            said.push(message);
          });
          return "whole" as const;
        }),
      );
      return { outcome, dumps };
    },
    holds: () => [...policiesOf(site), ...associationsOf(sad)].sort(),
    [Symbol.dispose]: site[Symbol.dispose],
  };
}

function configOf({ clustersDir, folder }: NodeSite): NetworkConfiguration {
  const keyring = join(folder, "keyring.json");
  return parseNetwork({ type: "crosslink", clustersDir, keyring });
}

function orCode<Value>(look: () => Value): Value | number {
  try {
    return look();
  } catch (error) {
    if (error instanceof CniError) return error.code;
    throw error;
  }
}

function policiesOf({ node }: NodeSite): string[] {
  return node
    .exec("ip", "xfrm", "policy")
    .split(/^(?=src)/m)
    .map((text) => text.replace(/\s+/g, " ").trim())
    .filter(Boolean);
}

function associationsOf(sad: Sad): string[] {
  return [...sad.values()].flatMap(({ aead, ...sa }) =>
    aead === undefined ? [] : [associationText({ ...sa, aead })],
  );
}
