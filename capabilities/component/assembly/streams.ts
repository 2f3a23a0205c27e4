import { takeOnce } from "./incoming";
import { ERROR, INFO } from "./levels";
import { allocate, copied } from "./memory";
import { append, bufferOf, drop, extend, Kind, lengthIn, number, ofKind, opened, record, setNumber } from "./records";

export * from "./output";

// @ts-ignore: decorator
@external("cap_host", "log")
declare function hostLog(level: i32, at: usize, length: i32): void;

/** Of a stream: 4 the body that it reads or writes, 8 how far it has read; of one that logs: 4 is 0, 8 the level. */
const BODY = 4;
const PLACE = 8;

/** Of a body: 4 whether its stream was taken. */
const TAKEN = 4;

const CLOSED = 1;

function stream(body: i32, kind: Kind, into: usize): void {
  const taken = number(body, TAKEN);
  store<u32>(into, taken);
  if (taken != 0) return;
  setNumber(body, TAKEN, 1);
  const opening = opened(kind);
  setNumber(opening, BODY, body);
  store<i32>(into, opening, 4);
}

export function incoming_body_stream(body: i32, into: usize): void {
  ofKind(body, Kind.IncomingBody);
  stream(body, Kind.Input, into);
}

export function incoming_body_finish(body: i32): i32 {
  return opened(Kind.Trailers);
}

export function outgoing_body_write(body: i32, into: usize): void {
  ofKind(body, Kind.OutgoingBody);
  stream(body, Kind.Output, into);
}

export function outgoing_body_finish(body: i32, hasTrailers: i32, trailers: i32, into: usize): void {
  ofKind(body, Kind.OutgoingBody);
  store<u8>(into, 0);
}

/** A further end of it, for those who keep the body itself. */
export function openOutgoingBody(at: usize, into: usize): void {
  if (load<i32>(at) != 0) {
    store<u32>(into, 1);
    return;
  }
  const body = opened(Kind.OutgoingBody);
  store<i32>(at, body);
  store<u32>(into, 0);
  store<i32>(into, body, 4);
}

function readSpan(input: i32, most: u64): i32 {
  ofKind(input, Kind.Input);
  const body = number(input, BODY);
  // Of the standard input there is nothing.
  const left = body == 0 ? 0 : lengthIn(body) - number(input, PLACE);
  return <i32>min<u64>(most, <u64>left);
}

function isAtEnd(input: i32): bool {
  const body = number(input, BODY);
  return body == 0 || number(input, PLACE) == lengthIn(body);
}

export function input_stream_read(input: i32, most: u64, into: usize): void {
  const length = readSpan(input, most);
  if (length == 0 && isAtEnd(input)) {
    store<u32>(into, 1);
    store<u32>(into, CLOSED, 4);
    return;
  }
  const place = number(input, PLACE);
  store<u32>(into, 0);
  store<u32>(into, <u32>copied(bufferOf(number(input, BODY)) + place, length), 4);
  store<i32>(into, length, 8);
  setNumber(input, PLACE, place + length);
}

export function input_stream_blocking_read(input: i32, most: u64, into: usize): void {
  input_stream_read(input, most, into);
}

export function input_stream_skip(input: i32, most: u64, into: usize): void {
  const length = readSpan(input, most);
  if (length == 0 && isAtEnd(input)) {
    store<u32>(into, 1);
    store<u32>(into, CLOSED, 8);
    return;
  }
  setNumber(input, PLACE, number(input, PLACE) + length);
  store<u32>(into, 0);
  store<u64>(into, length, 8);
}

export function input_stream_blocking_skip(input: i32, most: u64, into: usize): void {
  input_stream_skip(input, most, into);
}

export function output_stream_write(output: i32, from: usize, length: i32, into: usize): void {
  ofKind(output, Kind.Output);
  const body = number(output, BODY);
  if (body != 0) append(body, from, length);
  else if (length > 0) hostLog(number(output, PLACE), from, length);
  store<u32>(into, 0);
}

export function output_stream_blocking_write_and_flush(output: i32, from: usize, length: i32, into: usize): void {
  output_stream_write(output, from, length, into);
}

export function output_stream_write_zeroes(output: i32, length: u64, into: usize): void {
  ofKind(output, Kind.Output);
  const body = number(output, BODY);
  if (body != 0) memory.fill(extend(body, <i32>length), 0, <i32>length);
  store<u32>(into, 0);
}

export function output_stream_blocking_write_zeroes_and_flush(output: i32, length: u64, into: usize): void {
  output_stream_write_zeroes(output, length, into);
}

/** What is read of one is written to the other: `result<u64, stream-error>`. */
export function output_stream_splice(output: i32, input: i32, most: u64, into: usize): void {
  const length = readSpan(input, most);
  if (length == 0 && isAtEnd(input)) {
    store<u32>(into, 1);
    store<u32>(into, CLOSED, 8);
    return;
  }
  const place = number(input, PLACE);
  output_stream_write(output, bufferOf(number(input, BODY)) + place, length, into);
  setNumber(input, PLACE, place + length);
  store<u64>(into, length, 8);
}

export function output_stream_blocking_splice(output: i32, input: i32, most: u64, into: usize): void {
  output_stream_splice(output, input, most, into);
}

/** One that is always ready: nothing here is waited for. */
export function input_stream_subscribe(input: i32): i32 {
  return opened(Kind.Pollable);
}

export function output_stream_subscribe(output: i32): i32 {
  return opened(Kind.Pollable);
}

function logging(level: i32): i32 {
  const output = opened(Kind.Output);
  setNumber(output, PLACE, level);
  return output;
}

export function stdout_get_stdout(): i32 {
  return logging(INFO);
}

export function stderr_get_stderr(): i32 {
  return logging(ERROR);
}

export function stdin_get_stdin(): i32 {
  return opened(Kind.Input);
}

export function drop_resource(handle: i32): void {
  const kind = load<i32>(record(handle));
  // What the answer or a call is made of is needed later.
  if (kind == Kind.Pollable || kind == Kind.Input || kind == Kind.Trailers || kind == Kind.Options) drop(handle);
}

export function future_trailers_subscribe(trailers: i32): i32 {
  return opened(Kind.Pollable);
}

/** `option<result<result<option<own<trailers>>, error-code>>>`: there are none. */
export function future_trailers_get(trailers: i32, into: usize): void {
  memory.fill(into, 0, 32);
  store<u8>(into, 1);
}

export function error_to_debug_string(error: i32, into: usize): void {
  store<u32>(into, <u32>allocate(1, 0));
  store<u32>(into, 0, 4);
}
