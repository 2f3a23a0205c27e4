/** 96 random bits as 24 hex digits: never given twice. */
export function token(random: <T extends Uint8Array>(bytes: T) => T): string {
  return Array.from(random(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
