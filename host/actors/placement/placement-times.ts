/** What a coordinator and its members hold each other to, in milliseconds. */
export interface PlacementTimes {
  /** So long after it sent a ping that was answered a member may let its actors work. */
  readonly leaseMs: number;
  /**
   * So long after a member's last message its actors may be given to others. Longer than the lease by more than clocks
   * go apart meanwhile, so that the member has stopped first.
   */
  readonly takeOverMs: number;
  /** Within it a member acknowledges a phase, or is put out. */
  readonly phaseMs: number;
  readonly pingMs: number;
}

export const placementTimes: PlacementTimes = {
  leaseMs: 4_000,
  takeOverMs: 6_000,
  phaseMs: 8_000,
  pingMs: 1_000,
};
