/** What a relay bears. Exceeding one is refused, or ends the connection; it never grows instead. */
export interface RelayLimits {
  readonly connections: number;
  readonly rooms: number;
  readonly subscriptionsPerMember: number;
  readonly callsPerMember: number;
  readonly framesPerSecond: number;
  readonly bytesPerSecond: number;
  /** Bytes that wait for a member's network, above which events wait too. */
  readonly eventBuffer: number;
  /** Bytes that wait for a member's network, above which its connection ends. */
  readonly buffer: number;
  /** Milliseconds from the socket's opening to `hello`. */
  readonly helloMs: number;
  /** Milliseconds without a frame until the connection counts as dead. Members ping more often. */
  readonly silentMs: number;
  /** Milliseconds that a lost connection's deliveries are held for it, before others get them. */
  readonly graceMs: number;
}

export const defaultLimits: RelayLimits = {
  connections: 1_000,
  rooms: 1_000,
  subscriptionsPerMember: 1_000,
  callsPerMember: 1_024,
  framesPerSecond: 100_000,
  bytesPerSecond: 1 << 30,
  eventBuffer: 4 << 20,
  buffer: 32 << 20,
  helloMs: 10_000,
  silentMs: 60_000,
  graceMs: 3_000,
};
