/** Whether a value is what a description says. Characters are code points. */
import { skipSpace, skipValue, unescapeText } from "../json-text";
import { allocate, mark, release } from "../memory";
import {
  CHOICE_LITERAL,
  CHOICE_NUMBER,
  CHOICE_TEXT,
  EXCLUDES_LEAST,
  EXCLUDES_MOST,
  Guest,
  NONE,
  PARAMETER_NUMBER,
  PARAMETER_TEXT,
  Parameter,
  Schema,
  TYPE_BOOLEAN,
  TYPE_INTEGER,
  TYPE_LIST,
  TYPE_NOTHING,
  TYPE_NUMBER,
  TYPE_OBJECT,
  TYPE_TEXT,
} from "../records.gen";
import { is, same } from "../text";
import { numberOf } from "./number-text";

const QUOTE: u8 = 0x22;
const BRACE: u8 = 0x7b;
const BRACE_END: u8 = 0x7d;
const BRACKET: u8 = 0x5b;
const BRACKET_END: u8 = 0x5d;
const COMMA: u8 = 0x2c;

/** Lists and objects within one another that are looked into: each takes some of the stack. */
const DEEPEST: i32 = 500;

/**
 * Bytes that combined schemas look at, each as often as they do, and what each look costs beside: a text may be looked at as
 * often as this, or so many times, whichever is more. Schemas that combine others multiply, and what comes must not.
 */
const MOST_LOOKED: u64 = 1 << 25;
const MOST_TIMES: u64 = 16;
const LOOK: u64 = 64;

/** Whose schemas they are. */
let owner: usize = 0;
let depth: i32 = 0;
let looks: u64 = 0;
let mostLooks: u64 = 0;
/** More was asked for than is looked at, so whether the value is right is not known. */
let exhausted: bool = false;
/** A value that is no JSON is a parameter, of this type. */
let isJson: bool = false;
let parameterType: u8 = 0;

// @ts-ignore: decorator
@inline
function schemaAt(index: u16): Schema {
  return changetype<Guest>(owner).schema(index);
}

/** True where JSON, which is valid, is what the guest's schema of that number says. */
export function isJsonOf(guest: Guest, index: u16, text: usize, length: i32): bool {
  if (index == NONE) return true;
  begin(guest, length, true);
  const at = skipSpace(text);
  // Nothing tells where a number ends but the text's end.
  let end = text + length;
  while (load<u8>(end - 1) <= 0x20) end--;
  return isValue(index, at, end) && !exhausted;
}

function begin(guest: Guest, length: i32, json: bool): void {
  owner = changetype<usize>(guest);
  depth = 0;
  looks = 0;
  mostLooks = max(MOST_LOOKED, <u64>length * MOST_TIMES);
  exhausted = false;
  isJson = json;
}

/** True where what lies there is what that schema says. */
function isValue(index: u16, at: usize, end: usize): bool {
  const schema = schemaAt(index);
  if (!isJson) return isParameter(schema, at, end);
  const first = load<u8>(at);
  return first == BRACE || first == BRACKET ? endOf(index, at) != 0 : isScalar(schema, at, end);
}

/** True where of each combination so many are right as have to be. */
function isCombined(schema: Schema, at: usize, end: usize): bool {
  for (let i: u32 = 0; i < schema.combinationsCount; i++) {
    const one = schema.combination(i);
    let fits: u32 = 0;
    for (let j: u32 = 0; j < one.partsCount && fits <= one.largest; j++) {
      if (isPart(one.part(j).schema, at, end)) fits++;
    }
    if (fits < one.fewest || fits > one.largest) return false;
  }
  return true;
}

function isPart(index: u16, at: usize, end: usize): bool {
  if (index == NONE) return true;
  looks += <u64>(end - at) + LOOK;
  if (looks > mostLooks || depth == DEEPEST) exhausted = true;
  if (exhausted) return false;
  depth++;
  const fits = isValue(index, at, end);
  depth--;
  return fits;
}

/** True where a text is what a parameter, or each of a list, has to be. */
export function isFitting(guest: Guest, one: Parameter, text: usize, length: i32): bool {
  begin(guest, length, false);
  parameterType = one.type;
  const index = one.isList && one.schema != NONE ? schemaAt(one.schema).items : one.schema;
  if (parameterType == PARAMETER_NUMBER) {
    if (isNaN(numberOf(text, text + length))) return false;
  } else if (parameterType != PARAMETER_TEXT && !is(text, length, "true") && !is(text, length, "false")) return false;
  return index == NONE || (isValue(index, text, text + length) && !exhausted);
}

function isParameter(schema: Schema, at: usize, end: usize): bool {
  const length = <i32>(end - at);
  const fits =
    parameterType == PARAMETER_TEXT
      ? isText(schema, at, length)
      : parameterType == PARAMETER_NUMBER
        ? isNumber(schema, numberOf(at, end))
        : isLiteral(schema, TYPE_BOOLEAN, at, length);
  return fits && isCombined(schema, at, end);
}

/** True where a list may have so many items. */
export function mayBeSoMany(guest: Guest, one: Parameter, count: u32): bool {
  owner = changetype<usize>(guest);
  return one.schema == NONE || isCount(schemaAt(one.schema), TYPE_LIST, count);
}

function isCount(schema: Schema, type: u32, count: u32): bool {
  return schema.counted != type || (count >= schema.fewest && count <= schema.largest);
}

/** Where the value ends; 0: it is not what the schema says, or deeper than is looked into. */
function endOf(index: u16, at: usize): usize {
  if (index == NONE) return skipValue(at);
  const schema = schemaAt(index);
  const first = load<u8>(at);
  if (first == BRACE || first == BRACKET) {
    const type: u32 = first == BRACE ? TYPE_OBJECT : TYPE_LIST;
    if (depth == DEEPEST) exhausted = true;
    if (!(schema.types & type) || schema.choicesCount || exhausted) return 0;
    depth++;
    const end = first == BRACE ? endOfObject(schema, at) : endOfList(schema, at);
    depth--;
    return end && isCombined(schema, at, end) ? end : 0;
  }
  const end = skipValue(at);
  return isScalar(schema, at, end) ? end : 0;
}

function isScalar(schema: Schema, at: usize, end: usize): bool {
  return isPlainScalar(schema, at, end) && isCombined(schema, at, end);
}

function isPlainScalar(schema: Schema, at: usize, end: usize): bool {
  const first = load<u8>(at);
  if (first > 0x39) return isLiteral(schema, first == 0x6e ? TYPE_NOTHING : TYPE_BOOLEAN, at, <i32>(end - at));
  if (first != QUOTE) return isNumber(schema, numberOf(at, end));
  const before = mark();
  const text = allocate(end - at);
  const fits = isText(schema, text, unescapeText(at + 1, end - 1, text));
  release(before);
  return fits;
}

function endOfList(schema: Schema, list: usize): usize {
  let count: u32 = 0;
  let at = skipSpace(list + 1);
  while (load<u8>(at) != BRACKET_END) {
    const end = endOf(schema.items, at);
    if (!end) return 0;
    count++;
    at = behind(end);
  }
  return isCount(schema, TYPE_LIST, count) ? at + 1 : 0;
}

function endOfObject(schema: Schema, object: usize): usize {
  let count: u32 = 0;
  let missing: u64 = schema.required ? ~(<u64>0) >>> (64 - <u64>schema.required) : 0;
  let at = skipSpace(object + 1);
  while (load<u8>(at) != BRACE_END) {
    const named = skipValue(at);
    const index = memberAt(schema, at, named);
    if (index >= 0 && index < <i32>schema.required) missing &= ~((<u64>1) << index);
    const end = endOf(index < 0 ? schema.others : schema.member(index).schema, skipSpace(skipSpace(named) + 1));
    if (!end) return 0;
    count++;
    at = behind(end);
  }
  return !missing && isCount(schema, TYPE_OBJECT, count) ? at + 1 : 0;
}

/** The position of the member whose name is the string there; -1: it is not named. */
function memberAt(schema: Schema, at: usize, end: usize): i32 {
  const before = mark();
  const name = allocate(end - at);
  const length = unescapeText(at + 1, end - 1, name);
  release(before);
  for (let i: u32 = 0; i < schema.membersCount; i++) {
    const member = schema.member(i);
    if (same(member.name, member.nameLength, name, length)) return i;
  }
  return -1;
}

/** Where the next part, or the end of all, begins behind one. */
function behind(end: usize): usize {
  const next = skipSpace(end);
  return load<u8>(next) == COMMA ? skipSpace(next + 1) : next;
}

function isText(schema: Schema, text: usize, length: i32): bool {
  if (!(schema.types & TYPE_TEXT)) return false;
  let characters: u32 = 0;
  for (let i: usize = 0; i < <usize>length; i++) if ((load<u8>(text + i) & 0xc0) != 0x80) characters++;
  return characters >= schema.shortest && characters <= schema.longest && isChoice(schema, CHOICE_TEXT, text, length, 0);
}

function isNumber(schema: Schema, number: f64): bool {
  if (!(schema.types & TYPE_NUMBER) && (!(schema.types & TYPE_INTEGER) || trunc(number) != number)) return false;
  const above = schema.excludes & EXCLUDES_LEAST ? number > schema.least : number >= schema.least;
  const below = schema.excludes & EXCLUDES_MOST ? number < schema.most : number <= schema.most;
  return above && below && isChoice(schema, CHOICE_NUMBER, 0, 0, number);
}

function isLiteral(schema: Schema, type: u32, text: usize, length: i32): bool {
  return (schema.types & type) != 0 && isChoice(schema, CHOICE_LITERAL, text, length, 0);
}

function isChoice(schema: Schema, kind: u32, text: usize, length: i32, number: f64): bool {
  if (!schema.choicesCount) return true;
  for (let i: u32 = 0; i < schema.choicesCount; i++) {
    const choice = schema.choice(i);
    if (choice.kind != kind) continue;
    if (kind == CHOICE_NUMBER ? choice.number == number : same(choice.text, choice.textLength, text, length)) return true;
  }
  return false;
}
