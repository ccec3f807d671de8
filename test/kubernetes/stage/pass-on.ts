import type { Socket } from "node:net";

/** Hands on what comes by one connection to the other, both ways; they end together. */
export function passOn(near: Socket, far: Socket): void {
  near.pipe(far).pipe(near);
  near.on("error", () => undefined).on("close", () => far.destroy());
  far.on("error", () => undefined).on("close", () => near.destroy());
}
