import { formatAddress } from "../../native/address.ts";
import type { DesiredMesh } from "../mesh/state.ts";
import { observeState } from "../node/observe.ts";
import { withOverlay } from "../node/plan.ts";
import { NOTHING } from "../node/state.ts";
import { examineOverlay } from "../overlay/examine.ts";
import { OVERLAY_ID, OVERLAY_NAME, OVERLAY_PORT } from "../overlay/state.ts";
import { describeStep } from "../reconcile/sentence.ts";
import type { Session } from "../kernel/session.ts";

/** The VXLAN device between the nodes of a gateway-mode cluster. */
export interface OverlayStatus {
  readonly device: string;
  readonly id: number;
  readonly port: number;
  /** This node's address, from which it sends. */
  readonly local: string;
  readonly mtu: number;
  /** The addresses of the nodes that are reached by it. */
  readonly nodes: readonly string[];
  /** What the kernel lacks of it, or what is in the way: one sentence each. */
  readonly missing: readonly string[];
}

/** Compares the overlay with what it should be; null where this node needs none. */
export function overlayStatus(
  session: Session,
  mesh: DesiredMesh | undefined,
): OverlayStatus | null {
  const examined = examineOverlay(session, mesh);
  const { device, targets } = examined.desired;
  if (device === undefined) return null;
  const observed = observeState(session, []);
  const { protect, conflicts } = withOverlay(NOTHING, observed, examined);
  return {
    device: OVERLAY_NAME,
    id: OVERLAY_ID,
    port: OVERLAY_PORT,
    local: formatAddress(device.local),
    mtu: device.mtu,
    nodes: targets.map(({ destination }) => formatAddress(destination)),
    missing: [...protect.map(describeStep), ...conflicts],
  };
}

/** The overlay in a line, and each thing that it lacks in one more. */
export function overlayLines(overlay: OverlayStatus): string[] {
  const { device, id, port, local, mtu, nodes, missing } = overlay;
  const state = missing.length === 0 ? "right" : "NOT right";
  return [
    `Overlay: ${device} (VXLAN ${String(id)} from ${local} by UDP port ${String(port)}, MTU ${String(mtu)}) to ${nodes.join(", ")}: ${state}`,
    ...missing.map((sentence) => `Overlay lacks: ${sentence}`),
  ];
}
