/** Takes `rate` of all traces by their ids, the same ones as daprd: every sidecar decides alike. */
export function sampledByRate(traceId: string, rate: number): boolean {
  if (rate >= 1) return true;
  // Of the id's last 64 bits the first 52, which a number holds exactly.
  return Number.parseInt(traceId.slice(16, 29), 16) < rate * 2 ** 52;
}
