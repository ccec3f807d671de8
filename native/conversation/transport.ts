/** The socket under a conversation. Numbers are non-negative, or -errno. */
export interface Transport {
  readonly portId: number;
  send(datagram: Uint8Array): number;
  /** The next datagram's length; where it exceeds the buffer's, the datagram stays queued. -ETIMEDOUT after `timeoutMs`. */
  receive(buffer: Uint8Array, timeoutMs: number): number;
  close(): void;
}
