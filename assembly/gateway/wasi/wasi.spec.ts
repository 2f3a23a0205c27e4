/** The layer of the calling convention, on a host that is all ours (tests/gateway/fake-wasi.ts): layouts, ownership, drops. */
import { textAt } from "../../spec-text";
import { mark, release } from "../memory";
import {
  BROKEN_TRAILERS,
  NO_TRAILERS,
  PENDING,
  bodyStream,
  bodyWriter,
  dropIncomingBody,
  finishIncoming,
  finishOutgoing,
  takeTrailers,
} from "./bodies";
import { Field, FieldList, makeFields, noFields, takeFields } from "./fields";
import { FIELDS, FUTURE_TRAILERS, INCOMING_BODY, INPUT, POLLABLE, close, closeSince, gave, keep, kept } from "./handles";
import {
  GET,
  OTHER,
  dropIncomingRequest,
  makeResponse,
  requestAuthority,
  requestBody,
  requestFields,
  requestMethod,
  requestPath,
  respond,
  responseBody,
  spanLength,
  spanStart,
} from "./incoming";
import { isReady, wait, waitFor } from "./poll";
import { Stream, closeStream, openInput, openOutput, readiness } from "./stream";
import { BROKEN, CLOSED, dropInputStream, dropOutputStream, read, readBytes, writable, write } from "./streams";

export { cabiRealloc } from "../arena";

/** How a stream goes on. */
const WAITS: i32 = 0;
const ENDS: i32 = 1;
const BREAKS: i32 = 2;

// @ts-ignore: decorator
@external("fake", "input")
declare function fakeInput(at: usize, length: i32, end: i32): i32;
// @ts-ignore: decorator
@external("fake", "output")
declare function fakeOutput(room: i32, end: i32): i32;
// @ts-ignore: decorator
@external("fake", "taken")
declare function taken(stream: i32, at: usize): i32;
// @ts-ignore: decorator
@external("fake", "pollable")
declare function fakePollable(ready: i32): i32;
// @ts-ignore: decorator
@external("fake", "request")
declare function fakeRequest(which: i32): i32;
// @ts-ignore: decorator
@external("fake", "body")
declare function fakeBody(trailers: i32): i32;
// @ts-ignore: decorator
@external("fake", "writable")
declare function fakeWritable(): i32;
/** How many handles are open. */
// @ts-ignore: decorator
@external("fake", "open")
declare function open(): i32;
/** The handle that was dropped last; 1: the one before. */
// @ts-ignore: decorator
@external("fake", "dropped")
declare function dropped(fromLast: i32): i32;

/** Where the host puts what it hands in. */
const ARENA: usize = memory.data(4096, 16);
const TEXT: usize = memory.data(256);
const LIST: usize = memory.data(8, 4);
const PAIRS: usize = memory.data(64, 4);
const STREAM: usize = memory.data(12, 4);

function text(value: string): i32 {
  return <i32>String.UTF8.encodeUnsafe(changetype<usize>(value), value.length, TEXT);
}

function input(value: string, end: i32): i32 {
  return fakeInput(TEXT, text(value), end);
}

function span(): string {
  return textAt(spanStart(), spanLength());
}

function shown(list: FieldList): string {
  let all = "";
  for (let i = 0; i < list.count; i++) {
    const field = list.at(i);
    all += "|" + textAt(field.name, field.nameLength) + "=" + textAt(field.value, field.valueLength);
  }
  return all;
}

describe("the calling convention", () => {
  beforeEach(() => release(ARENA));
  afterEach(() => expect(open()).toBe(0, "a handle was left open"));

  it("reads what is there, and gives its room back at once", () => {
    const stream = input("hello", WAITS);
    expect(read(stream, 3)).toBe(3);
    expect(textAt(readBytes(), 3)).toBe("hel");
    expect(mark()).toBe(ARENA);
    expect(read(stream, 64)).toBe(2);
    expect(textAt(readBytes(), 2)).toBe("lo");
    expect(read(stream, 64)).toBe(0, "nothing for now");
    dropInputStream(stream);
  });

  it("tells the end of a stream from a break, whose error it drops", () => {
    const ended = input("", ENDS);
    expect(read(ended, 1)).toBe(CLOSED);
    dropInputStream(ended);
    const broken = input("", BREAKS);
    expect(read(broken, 1)).toBe(BROKEN);
    expect(open()).toBe(1, "the stream, and no error");
    dropInputStream(broken);
  });

  it("writes what there is room for, and hears that nobody reads any more", () => {
    const stream = fakeOutput(5, BREAKS);
    expect(writable(stream)).toBe(5);
    expect(write(stream, TEXT, text("hello"))).toBe(0);
    expect(taken(stream, TEXT + 100)).toBe(5);
    expect(textAt(TEXT + 100, 5)).toBe("hello");
    expect(writable(stream)).toBe(BROKEN);
    dropOutputStream(stream);
    const closed = fakeOutput(0, ENDS);
    expect(writable(closed)).toBe(CLOSED);
    dropOutputStream(closed);
  });

  it("waits for the first of several, and says which are ready", () => {
    const never = keep(POLLABLE, fakePollable(0));
    const now = keep(POLLABLE, fakePollable(1));
    const too = keep(POLLABLE, fakePollable(1));
    waitFor(0, never);
    waitFor(1, now);
    waitFor(2, too);
    expect(wait(3)).toBe(0b110);
    expect(wait(2)).toBe(0b10);
    expect(isReady(never)).toBe(false);
    expect(isReady(now)).toBe(true);
    expect(mark()).toBe(ARENA);
    closeSince(0);
  });

  it("drops what was kept, the last first, and not what was given away", () => {
    const first = keep(POLLABLE, fakePollable(1));
    const before = kept();
    const given = keep(POLLABLE, fakePollable(1));
    const second = keep(POLLABLE, fakePollable(1));
    const third = keep(POLLABLE, fakePollable(1));
    expect(gave(POLLABLE, given)).toBe(given);
    closeSince(before);
    expect(dropped(0)).toBe(second);
    expect(dropped(1)).toBe(third);
    expect(kept()).toBe(before);
    close(POLLABLE, first);
    expect(dropped(0)).toBe(first);
    expect(kept()).toBe(before - 1);
    keep(POLLABLE, given);
    closeSince(before - 1);
  });

  it("drops what waits for a stream before the stream, and either once", () => {
    const stream = changetype<Stream>(STREAM);
    openInput(stream, input("x", WAITS));
    const ready = readiness(stream);
    expect(readiness(stream)).toBe(ready, "one pollable for all waits");
    expect(isReady(ready)).toBe(true);
    const handle = stream.handle;
    closeStream(stream);
    expect(dropped(0)).toBe(handle);
    expect(dropped(1)).toBe(ready);
    closeStream(stream);
    expect(kept()).toBe(0);
    openOutput(stream, fakeOutput(0, WAITS));
    expect(isReady(readiness(stream))).toBe(false);
    closeSince(0);
  });

  it("takes all fields of a request in their order, and makes others", () => {
    const request = fakeRequest(0);
    const list = changetype<FieldList>(LIST);
    takeFields(requestFields(request), list);
    expect(shown(list)).toBe("|x=1|x=2|empty=");
    const made = makeFields(list);
    expect(made).toBeGreaterThan(0);
    takeFields(made, list);
    expect(shown(list)).toBe("|x=1|x=2|empty=");
    dropIncomingRequest(request);
  });

  it("refuses fields that hosts take for none, or that are too many for them", () => {
    const list = changetype<FieldList>(LIST);
    list.first = PAIRS;
    list.count = 1;
    const field = changetype<Field>(PAIRS);
    field.name = TEXT;
    field.nameLength = text("not a name");
    field.value = TEXT;
    field.valueLength = 3;
    expect(makeFields(list)).toBe(-1);
    field.nameLength = 3;
    field.valueLength = 112 << 10;
    expect(makeFields(list)).toBe(-1);
    list.count = 0;
    keep(FIELDS, makeFields(list));
    keep(FIELDS, noFields());
    closeSince(0);
  });

  it("reads the head of a request, whatever of it is not there", () => {
    const plain = fakeRequest(0);
    expect(requestMethod(plain)).toBe(GET);
    expect(requestPath(plain)).toBe(true);
    expect(span()).toBe("/v1.0/healthz?a=b");
    expect(requestAuthority(plain)).toBe(true);
    expect(span()).toBe("edge:3500");
    const body = requestBody(plain);
    expect(body).toBeGreaterThan(0);
    dropIncomingBody(body);
    dropIncomingRequest(plain);
    const odd = fakeRequest(1);
    expect(requestMethod(odd)).toBe(OTHER);
    expect(span()).toBe("BREW");
    expect(requestPath(odd)).toBe(false);
    expect(requestAuthority(odd)).toBe(false);
    expect(requestBody(odd)).toBe(-1, "it was taken before");
    dropIncomingRequest(odd);
  });

  it("answers with a status, and leaves nothing of one that is none", () => {
    const response = makeResponse(404, noFields());
    const body = responseBody(response);
    respond(7, response);
    expect(dropped(0)).toBe(7, "the caller was answered");
    expect(finishOutgoing(body, -1)).toBe(true);
    expect(makeResponse(7, noFields())).toBe(-1);
  });

  it("hands a body's stream out once, in and out", () => {
    const body = fakeBody(1);
    const stream = bodyStream(body);
    expect(read(stream, 1)).toBe(CLOSED);
    expect(bodyStream(body)).toBe(-1);
    // As handles are kept: the stream goes before its body.
    keep(INCOMING_BODY, body);
    keep(INPUT, stream);
    closeSince(0);
    expect(dropped(0)).toBe(body);
    const outgoing = fakeWritable();
    const writer = bodyWriter(outgoing);
    expect(bodyWriter(outgoing)).toBe(-1);
    dropOutputStream(writer);
    expect(finishOutgoing(outgoing, noFields())).toBe(true, "it takes the trailers");
  });

  it("knows of trailers whether they are there yet, none, some, or broken", () => {
    const known: i32[] = [PENDING, NO_TRAILERS, 1, BROKEN_TRAILERS, BROKEN_TRAILERS];
    for (let i = 0; i < known.length; i++) {
      const before = open();
      const future = finishIncoming(fakeBody(i));
      const told = takeTrailers(future);
      if (known[i] < 0) expect(told).toBe(known[i]);
      else {
        const list = changetype<FieldList>(LIST);
        takeFields(told, list);
        expect(shown(list)).toBe("|sum=42");
      }
      keep(FUTURE_TRAILERS, future);
      closeSince(0);
      expect(open()).toBe(before);
    }
  });
});
