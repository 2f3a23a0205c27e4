/** The request that is being answered: one at a time in an instance, so there is one record. */
import { FieldList, takeFields, Field } from "./wasi/fields";
import { INCOMING_REQUEST, keep } from "./wasi/handles";
import {
  OTHER,
  requestAuthority,
  requestFields,
  requestMethod,
  requestPath,
  spanLength,
  spanStart,
} from "./wasi/incoming";
import { indexOf, is } from "./text";
import { HAS_PACKAGES, HAS_SCRIPT } from "./variant";
import { METHODS } from "../http/routes.gen";

/** As HTTP has it of its method; whatever that is; or not, as the second answer may differ from the first. */
export const BY_METHOD: i32 = 0;
export const ALWAYS: i32 = 1;
export const NEVER: i32 = 2;

const QUESTION_MARK: u8 = 0x3f;
const SLASH_TEXT: usize = memory.data<u8>([0x2f]);

export const A_SCRIPTS: i32 = -1;
export const A_GUESTS: i32 = -2;

@unmanaged
export class Call {
  /** Of wasi:http/types; A_SCRIPTS or A_GUESTS where there is none. */
  request: i32;
  out: i32;
  /** True once the head of an answer was sent, which has this status. */
  answered: bool;
  status: i32;
  /** The method's number on wasi:http, and its text where that is OTHER. */
  method: i32;
  methodText: usize;
  methodLength: i32;
  path: usize;
  pathLength: i32;
  /** Without its question mark. */
  query: usize;
  queryLength: i32;
  /** What the caller calls this host; empty where it did not say. */
  authority: usize;
  authorityLength: i32;
  /** What is sent in the place of the request's body; the body of a call that has no request. */
  given: usize;
  givenLength: i32;
  /** The row of errors that tells of an upstream's failure, and where its cause stands; 0: as of an invocation. */
  refusal: usize;
  causeAt: i32;
  /** The row of a body that is larger than is taken; 0: the same as of a failure. */
  tooLarge: usize;
  /** Whether it may reach an upstream twice: one of BY_METHOD, ALWAYS and NEVER. */
  repeats: i32;
  /** What is made of an upstream's answer: state/remote-answer.ts has the words. */
  answerAs: i32;
  /**
   * One more than the version of the table by which an actor's owner was found: who is not that says so. 0: nothing is
   * told of it, and who is not the owner passes the call on.
   */
  placement: u64;
  /** An answer that may be another one later is a failure. */
  isKept: bool;
  /** There is nobody to answer: the status is enough. */
  isDelivery: bool;
  /** A bit for each middleware that is to see the answer. */
  passed: u32;
  /** Of those, the ones that are to see all of it and not its head alone. */
  passedWhole: u32;
  /** Nanoseconds on the clock at which a guest has to have its answer; 0: the configuration's limits hold. */
  until: u64;
  /** A {@link FieldList}. */
  firstField: usize;
  fieldCount: i32;

  /** True where no request of the host's is behind it: its body is given, and its answer goes elsewhere. */
  // @ts-ignore: decorator
  @inline
  get isScript(): bool {
    return HAS_SCRIPT | HAS_PACKAGES ? this.request < 0 : false;
  }

  /** True where a guest asks for it, whose result it becomes. */
  // @ts-ignore: decorator
  @inline
  get isGuests(): bool {
    return HAS_PACKAGES ? this.request == A_GUESTS : false;
  }

  // @ts-ignore: decorator
  @inline
  get fields(): FieldList {
    return changetype<FieldList>(changetype<usize>(this) + offsetof<Call>("firstField"));
  }
}

const CALL: usize = memory.data(offsetof<Call>(), 8);

// @ts-ignore: decorator
@inline
export function call(): Call {
  return changetype<Call>(CALL);
}

/** Reads the head of a request into the record. */
export function readCall(request: i32, out: i32): void {
  const call = changetype<Call>(CALL);
  call.request = keep(INCOMING_REQUEST, request);
  call.out = out;
  call.answered = false;
  call.status = 0;
  call.given = 0;
  call.until = 0;
  call.refusal = 0;
  call.tooLarge = 0;
  call.repeats = BY_METHOD;
  call.answerAs = 0;
  call.placement = 0;
  call.passed = call.passedWhole = 0;
  call.isKept = call.isDelivery = false;
  call.method = requestMethod(request);
  const other = call.method == OTHER;
  call.methodText = other ? spanStart() : 0;
  call.methodLength = other ? spanLength() : 0;

  const some = requestPath(request);
  const target = some ? spanStart() : SLASH_TEXT;
  const end = target + <usize>(some ? spanLength() : <i32>1);
  const mark = indexOf(target, end, QUESTION_MARK);
  call.path = target;
  call.pathLength = <i32>(mark - target);
  call.query = min(mark + 1, end);
  call.queryLength = <i32>(end - call.query);

  const named = requestAuthority(request);
  call.authority = named ? spanStart() : 0;
  call.authorityLength = named ? spanLength() : 0;
  takeFields(requestFields(request), call.fields);
}

/** The value of the first field of this name, null where there is none. */
export function findField(fields: FieldList, name: string): Field | null {
  for (let i = 0; i < fields.count; i++) {
    const field = fields.at(i);
    if (is(field.name, field.nameLength, name)) return field;
  }
  return null;
}

/** Positions in the core's list of verbs, by the number on wasi:http: get, head, post, put, delete, connect, options, trace, patch. */
const VERBS: usize = memory.data<u8>([0, 5, 1, 2, 3, 8, 6, 7, 4]);

/** The verb's position in the core's list, or a number outside of it. */
export function verb(method: i32): i32 {
  return method < OTHER ? load<u8>(VERBS + method) : METHODS;
}
