import { header, type RuntimeRequest } from "../../http.ts";

/** One address for all spellings of it; of IPv6 the network, since one machine has a whole one to itself. */
function canonical(address: string): string {
  const lower = address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, "");
  if (!/^[0-9a-f:]+$/.test(lower) || !lower.includes(":")) return lower;
  const [head = "", tail] = lower.split("::", 2);
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const last = tail === "" ? [] : tail.split(":");
    while (groups.length + last.length < 8) groups.push("0");
    groups.push(...last);
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":")}::`;
}

/**
 * Who a request is counted for. `forwarded`: `X-Forwarded-For` (its last address, which the nearest proxy wrote) and
 * `X-Real-IP` come before the connection's own address. All whose address nobody knows are one.
 */
export function clientAddress(request: RuntimeRequest, forwarded: boolean): string {
  const { headers, remoteAddress } = request;
  const told = forwarded
    ? header(headers, "x-forwarded-for")?.split(",").at(-1)?.trim() || header(headers, "x-real-ip")?.trim()
    : undefined;
  return canonical(told || remoteAddress || "0.0.0.0");
}
