import { toHex } from "../../host/hex.ts";

/** 96 random bits as 24 hex digits: never given twice. */
export function token(random: <T extends Uint8Array>(bytes: T) => T): string {
  return toHex(random(new Uint8Array(12)));
}
