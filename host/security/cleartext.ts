import { ComponentError } from "../errors/component-error.ts";

const loopback = /^(?:(?:.+\.)?localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i;

/** Whether what is sent to this host name or address stays on the machine. */
export function isLoopback(host: string): boolean {
  return loopback.test(host);
}

/** How to get past a refusal. */
export const cleartextRemedy = "allow it with --allow-cleartext (allowCleartext: true)";

/**
 * Throws where what goes to an address could be read and changed on its way: sidecars have no identities yet, by which
 * one would know the other. An address that is none is left to who uses it.
 */
export function refuseCleartext(what: string, address: string, allowed: boolean | undefined): void {
  if (allowed || !URL.canParse(address)) return;
  const { protocol, hostname, host } = new URL(address);
  const secure = protocol === "ws:" ? "wss" : protocol === "http:" ? "https" : undefined;
  if (secure === undefined || isLoopback(hostname)) return;
  throw new ComponentError(
    "FAILED_PRECONDITION",
    `${what} at ${host} would be reached in clear text, for anybody on the way to read and to change; use ${secure}://, or ${cleartextRemedy}`,
  );
}

/** The same for what listens: a sentence without certificates, or undefined. */
export function cleartextListener(
  what: string,
  addresses: readonly string[],
  certificate: boolean,
  allowed: boolean | undefined,
  remedy: string,
): string | undefined {
  const beyond = addresses.find((address) => !isLoopback(address));
  if (allowed || certificate || beyond === undefined) return undefined;
  return `${what} would listen on ${beyond}, beyond this machine, in clear text; ${remedy}, or ${cleartextRemedy}`;
}
