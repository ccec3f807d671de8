/** Who has a node's address and says that it is that node: a charon set up by hand, with a certificate that openssl has signed. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  ESP_PROPOSALS,
  IKE_PROPOSALS,
} from "../../../plugin/ike/charon/proposals.ts";
import { mustRunIn } from "../support/command.ts";
import type { Node } from "../support/topology.ts";
import { charonByHand } from "./charon-by-hand.ts";

/** What it shows. */
interface Shown {
  /** Whose certificate it is, by that itself. */
  readonly subject: string;
  /** Of which cluster's authority: the folder that it is in. */
  readonly authority: string;
}

/**
 * Starts one on a node, in place of its agent, whose policies stay.
 *
 * @param toward the node to which it says that it is that one
 * @param reqid of the policies
 */
export async function impostor(
  node: Node,
  {
    toward,
    reqid,
    ...shown
  }: Shown & { readonly toward: Node; readonly reqid: number },
): Promise<AsyncDisposable> {
  const folder = join(node.folder, "impostor");
  mkdirSync(join(folder, "private"), { recursive: true });
  await sign(node, folder, shown);
  const file = join(folder, "swanctl.conf");
  writeFileSync(file, configuration(node, toward, { folder, reqid }));
  return charonByHand(node, file);
}

/** A key of its own, and a certificate for it. */
async function sign(
  { namespace }: Node,
  folder: string,
  { subject, authority }: Shown,
): Promise<void> {
  const script = `
    openssl req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-384 -subj "/CN=$1" -keyout private/key -out request
    echo "subjectAltName = DNS:$1" >extensions
    openssl x509 -req -in request -CA "$2/ca/ca.crt" -CAkey "$2/ca/ca.key" -set_serial "0x$(openssl rand -hex 8)" -days 9 \\
      -extfile extensions -out crt`;
  const words = ["-ec", `cd "$0"${script}`, folder, subject, authority];
  await mustRunIn(namespace, "sh", ...words);
}

function configuration(
  node: Node,
  toward: Node,
  { folder, reqid }: { readonly folder: string; readonly reqid: number },
): string {
  return `connections {
  impostor {
    version = 2
    local_addrs = ${node.privateIp}
    remote_addrs = ${toward.elasticIp}
    proposals = ${IKE_PROPOSALS.join(",")}
    mobike = no
    local {
      auth = pubkey
      id = fqdn:${node.name}.${node.cluster}
      certs = ${folder}/crt
    }
    remote {
      auth = pubkey
      id = fqdn:${toward.name}.${toward.cluster}
      cacerts = ${toward.folder}/ca/ca.crt
    }
    children {
      impostor {
        local_ts = ${node.podCidr}
        remote_ts = ${toward.podCidr}
        esp_proposals = ${ESP_PROPOSALS.join(",")}
        mode = tunnel
        policies = no
        reqid = ${String(reqid)}
      }
    }
  }
}
`;
}
