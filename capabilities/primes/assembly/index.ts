import { Answer, Request, serve, Step } from "../../guest";
import { Sieve } from "./sieve";

export { cap_abi_version, cap_alloc, cap_handle } from "../../guest/abi";

const HIGHEST: f64 = 1e12;
const WIDEST: f64 = 1e7;
/** A list is for people; counts are for machines. */
const LONGEST = 10_000;

function refusal(message: string): Answer {
  return Answer.error(400, "ERR_BAD_REQUEST", message);
}

serve((request: Request): Step => {
  const from = request.number("from", 0);
  const to = request.number("to", -1);
  if (!(from >= 0 && to >= from && to <= HIGHEST) || from != floor(from) || to != floor(to)) {
    return refusal("from and to must be whole numbers, 0 <= from <= to <= 1000000000000");
  }
  if (to - from > WIDEST) return refusal("from and to must be within 10000000 of each other");
  const sieve = new Sieve(<u64>from, <u64>to);
  if (request.field("as") == "list") {
    if (sieve.count > LONGEST) return refusal("a list has at most 10000 primes, here are " + sieve.count.toString());
    return Answer.json("[" + sieve.list().join(",") + "]");
  }
  let json = '{"from":' + (<u64>from).toString() + ',"to":' + (<u64>to).toString();
  json += ',"count":' + sieve.count.toString();
  if (sieve.count > 0) json += ',"first":' + sieve.first.toString() + ',"last":' + sieve.last.toString();
  // Up to 2^64, which a number of JSON may not hold.
  return Answer.json(json + ',"sum":"' + sieve.sum.toString() + '"}');
});
