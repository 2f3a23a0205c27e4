import { begin, count, putBytes, putNumber, putStatus, putText } from "./memory";
import {
  APP,
  APP_METHOD,
  BODY,
  CALL,
  ERROR,
  ETAG,
  FETCH,
  INVOKE,
  KEY,
  lengthOf,
  METHOD,
  NEXT,
  PUBLISH,
  PUBSUB,
  STATE_DELETE_0,
  STATE_DELETE_1,
  STATE_GET_0,
  STATE_GET_1,
  STATE_SET_0,
  STATE_SET_1,
  STATE_TRANSACTION_0,
  STATE_TRANSACTION_1,
  STATE_TRANSACTION_2,
  STATUS,
  STORE,
  TOPIC,
  TRUE,
  TTL,
  TYPE_0,
  TYPE_1,
  URL,
} from "./words";

const ANSWER = 2;
const CALLS = 3;

/** `variant call`: 0 case, 4 its record, in each element of a list. */
const CALL_SIZE = 48;

function field(name: u64, from: usize, length: i32): void {
  putText(lengthOf(name), name);
  putBytes(from, length);
  count();
}

/** A string or a list of bytes of a record. */
function member(name: u64, record: usize): void {
  field(name, load<u32>(record), load<i32>(record, 4));
}

/** `option<string>`: 0 whether it is there, 4 pointer and length. */
function option(name: u64, record: usize): void {
  if (load<u8>(record) != 0) member(name, record + 4);
}

function contentType(record: usize): void {
  if (load<u8>(record) == 0) return;
  putText(12, TYPE_0, TYPE_1);
  putBytes(load<u32>(record, 4), load<i32>(record, 8));
  count();
}

function status(value: u32): void {
  putText(7, STATUS);
  putStatus(value);
  count();
}

/** A list of `tuple<string, list<u8>>`. What is the ABI's own is not the guest's to write. */
function fields(list: usize): void {
  const from = load<u32>(list);
  const length = load<i32>(list, 4);
  for (let i = 0; i < length; i++) {
    const pair = from + 16 * i;
    const name = load<u32>(pair);
    const size = load<i32>(pair, 4);
    if (size > 0 && load<u8>(name) == 0x3a) continue;
    putBytes(name, size);
    putBytes(load<u32>(pair, 8), load<i32>(pair, 12));
    count();
  }
}

/** `record answer`: 0 status, 4 fields, 12 body. */
function answer(record: usize): void {
  status(load<u16>(record));
  fields(record + 4);
  member(BODY, record + 12);
}

function next(option: usize): void {
  putText(5, NEXT);
  putText(4, TRUE);
  count();
  // A status would be an answer's.
  if (load<u8>(option) == 0) return;
  fields(option + 8);
  member(BODY, option + 16);
}

/** `record refusal`: 0 status, 4 code, 12 message. */
function refused(record: usize): void {
  status(load<u16>(record));
  member(ERROR, record + 4);
  member(BODY, record + 12);
}

function named(length: i32, first: u64, second: u64 = 0, third: u64 = 0): void {
  putText(5, CALL);
  putText(length, first, second, third);
  count();
}

/** `record store-key`: 0 store, 8 key, 16 etag. */
function storeKey(record: usize): void {
  member(STORE, record);
  member(KEY, record + 8);
  option(ETAG, record + 16);
}

function stateSet(record: usize): void {
  storeKey(record);
  member(BODY, record + 28);
  if (load<u8>(record, 36) == 0) return;
  putText(3, TTL);
  putNumber(load<u32>(record, 40));
  count();
}

function call(variant: usize): void {
  const record = variant + 4;
  switch (load<u8>(variant)) {
    case 0: {
      named(9, STATE_GET_0, STATE_GET_1);
      return storeKey(record);
    }
    case 1: {
      named(9, STATE_SET_0, STATE_SET_1);
      return stateSet(record);
    }
    case 2: {
      named(12, STATE_DELETE_0, STATE_DELETE_1);
      return storeKey(record);
    }
    case 3: {
      named(17, STATE_TRANSACTION_0, STATE_TRANSACTION_1, STATE_TRANSACTION_2);
      member(STORE, record);
      return member(BODY, record + 8);
    }
    case 4: {
      named(7, PUBLISH);
      member(PUBSUB, record);
      member(TOPIC, record + 8);
      contentType(record + 16);
      return member(BODY, record + 28);
    }
    case 5: {
      named(6, INVOKE);
      member(APP, record);
      member(APP_METHOD, record + 8);
      member(METHOD, record + 16);
      contentType(record + 24);
      return member(BODY, record + 36);
    }
    case 6: {
      named(5, FETCH);
      member(URL, record);
      member(METHOD, record + 8);
      fields(record + 16);
      return member(BODY, record + 24);
    }
    default: {
      // `record other-call`: 0 name, 8 fields, 16 body.
      member(CALL, record);
      fields(record + 8);
      return member(BODY, record + 16);
    }
  }
}

/** `variant step`, 0 case, 4 what it has, as a message. */
export function writeStep(step: usize): void {
  const which = load<u8>(step);
  begin(which == 3 ? CALLS : ANSWER);
  if (which == 0) answer(step + 4);
  else if (which == 1) next(step + 4);
  else if (which == 2) refused(step + 4);
  else {
    const from = load<u32>(step, 4);
    const length = load<i32>(step, 8);
    for (let i = 0; i < length; i++) call(from + CALL_SIZE * i);
  }
}
