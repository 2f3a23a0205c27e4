import { NONE, PROTOCOL_SIDECAR, SCHEME_HTTP, SCHEME_HTTPS, TRANSPORT_OUTGOING, TRANSPORT_SOCKETS, Upstream } from "../records.gen";
import { head } from "../table";
import { table } from "../table-place";
import { begins } from "../text";
import { HAS_SOCKETS } from "../variant";

/**
 * Makes an upstream of a sidecar's address: `http://` or `https://`, a name or an IP address, a port perhaps, and nothing
 * else. False where it is none. The upstream's texts are the address itself.
 */
export function readAddress(at: usize, length: i32, upstream: Upstream): bool {
  const secure = begins(at, length, "https://");
  if (!secure && !begins(at, length, "http://")) return false;
  const start = at + (secure ? 8 : 7);
  let end = at + <usize>length;
  if (end > start && load<u8>(end - 1) == 0x2f) end--;
  const wide = start < end && load<u8>(start) == 0x5b;
  let stop = start;
  while (stop < end && isOfHost(load<u8>(stop), wide)) stop++;
  if (wide && (stop == end || load<u8>(stop++) != 0x5d)) return false;
  const host = wide ? start + 1 : start;
  const hostEnd = wide ? stop - 1 : stop;
  let port: u32 = secure ? 443 : 80;
  if (stop < end) {
    if (load<u8>(stop) != 0x3a || end - stop > 6) return false;
    port = 0;
    for (let digit = stop + 1; digit < end; digit++) {
      const value = <u32>load<u8>(digit) - 0x30;
      if (value > 9) return false;
      port = port * 10 + value;
    }
  }
  if (hostEnd == host || port == 0 || port > 0xffff) return false;
  upstream.hostAt = <u32>(host - table());
  upstream.hostLength = <u32>(hostEnd - host);
  upstream.authorityAt = <u32>(start - table());
  upstream.authorityLength = <u32>(end - start);
  upstream.port = <u16>port;
  upstream.weight = 1;
  upstream.token = head().actor(0).token;
  upstream.scheme = secure ? SCHEME_HTTPS : SCHEME_HTTP;
  upstream.protocol = PROTOCOL_SIDECAR;
  upstream.transport = HAS_SOCKETS && !secure ? TRANSPORT_SOCKETS : TRANSPORT_OUTGOING;
  return true;
}

/** A letter, a digit, a dot or a dash; of an IPv6 address a colon as well, and none but its letters are refused later. */
function isOfHost(byte: u8, wide: bool): bool {
  if (<u32>((byte | 0x20) - 0x61) < 26 || <u32>(byte - 0x30) < 10 || byte == 0x2e) return true;
  return wide ? byte == 0x3a : byte == 0x2d;
}
