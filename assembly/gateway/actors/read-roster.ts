/**
 * Reads a table as `GET /placement/state` tells it: `{"hostList":[{"name","appId","actorTypes"}],"tableVersion"}`, as
 * daprlet's and the later ones of Dapr do, or `{"tables":{"<namespace>":{"hosts":[{"name","id","entities"}],"version"}}}`,
 * as Dapr's of 1.18 does.
 */
import { SKIP } from "../../json/fields";
import { memberOf, skipElement, skipSpace, skipValue, unescapeText } from "../json-text";
import { UPSTREAM_BYTES, Upstream } from "../records.gen";
import { scanBody } from "../state/scan-body";
import { compare, head } from "../table";
import { is, same } from "../text";
import { readAddress } from "./address";
import {
  beginRoster,
  findType,
  Member,
  MOST_MEMBERS,
  MOST_POINTS,
  MOST_TYPES,
  Roster,
  room,
  trim,
  Type,
  useRoster,
} from "./roster";

/** Bytes of a name, an app id, a type and an address, as JSON has them: more than a placement service lets in. */
const LONGEST: usize = 1024;

const QUOTE: u8 = 0x22;
const BRACKET: u8 = 0x5b;
const BRACKET_END: u8 = 0x5d;
const BRACE: u8 = 0x7b;
const BRACE_END: u8 = 0x7d;
/** Of `null`: Go writes a list that was never made so. */
const NULL: u8 = 0x6e;

/** The greatest that JavaScript counts to. */
const MOST_VERSION: i64 = 9007199254740991;

const NOT_A_TABLE: string = "it is no table of placement";
const TOO_LARGE: string = "it names more than a gateway takes";

let fault: string = "";
/** A text found no room. */
let full: bool = false;

/** Where the list of hosts begins, and the version; 0: the table has none. */
let hosts: usize = 0;
let version: usize = 0;

/** The text that was taken last. */
let text: usize = 0;
let textLength: i32 = 0;

/** Why the last table was refused. */
export function rosterFault(): string {
  return fault;
}

function refuse(cause: string): bool {
  fault = cause;
  return false;
}

/** Reads a table and uses it from now on. False where it is none, or more than a gateway takes: the one before stays. */
export function readRoster(bytes: usize, length: i32, time: u64): bool {
  if (scanBody(SKIP, bytes, length)) return refuse("it is no whole JSON");
  const root = skipSpace(bytes);
  if (!locate(root)) return refuse(NOT_A_TABLE);
  const next = beginRoster();
  next.readAt = time;
  next.points = <i32>head().actor(0).points;
  const points = member(root, "replicationFactor");
  if (points) {
    const told = wholeNumber(points);
    if (told < 1 || told > MOST_POINTS) return refuse("its number of points for each host is none");
    next.points = <i32>told;
  }
  const scheme = member(root, "scheme");
  next.rendezvous = scheme != 0 && is(scheme, 12, '"rendezvous"');
  if (scheme && !next.rendezvous && !is(scheme, 6, '"ring"')) return refuse("nobody knows how its owners are found");
  const told = version ? wholeNumber(version) : 0;
  if (told < 0) return refuse("its version is no number");
  next.version = told;
  if (!readMembers(next) || !readTypes(next)) return false;
  if (!next.rendezvous && next.members * next.points > MOST_POINTS) return refuse(TOO_LARGE);
  return useRoster() || refuse("there is no memory for it");
}

/** Finds the list of the gateway's namespace; one without hosts is in no table. */
function locate(root: usize): bool {
  hosts = member(root, "hostList");
  version = member(root, "tableVersion");
  if (!hosts) {
    const tables = member(root, "tables");
    if (!tables) return false;
    const own = ofNamespace(tables);
    hosts = own ? member(own, "hosts") : 0;
    version = own ? member(own, "version") : 0;
  }
  if (hosts && load<u8>(hosts) == NULL) hosts = 0;
  return !hosts || load<u8>(hosts) == BRACKET;
}

function ofNamespace(tables: usize): usize {
  const table = head();
  if (load<u8>(tables) != BRACE) return 0;
  for (let at = skipSpace(tables + 1); load<u8>(at) != BRACE_END; ) {
    const end = skipValue(at);
    const value = skipSpace(skipSpace(end) + 1);
    if (same(at + 1, <i32>(end - at) - 2, table.namespace, table.namespaceLength)) return value;
    at = skipElement(value);
  }
  return 0;
}

/** The value of a member; 0: there is none, or no object. */
function member(at: usize, name: string): usize {
  return load<u8>(at) == BRACE ? memberOf(at, name) : 0;
}

/** A whole number, -1 for what is none. */
function wholeNumber(at: usize): i64 {
  const end = skipValue(at);
  if (end - at > 16) return -1;
  let value: i64 = 0;
  for (; at < end; at++) {
    const digit = load<u8>(at) - 0x30;
    if (digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value <= MOST_VERSION ? value : -1;
}

// @ts-ignore: decorator
@inline
function isText(at: usize): bool {
  return load<u8>(at) == QUOTE;
}

/** The first element of a list; at its end {@link isEnd} is true of the place that {@link skipElement} answers. */
// @ts-ignore: decorator
@inline
function firstOf(list: usize): usize {
  return skipSpace(list + 1);
}

// @ts-ignore: decorator
@inline
function isEnd(at: usize): bool {
  return load<u8>(at) == BRACKET_END;
}

/** Takes the text at `at` into the table. False where it is none, or too long. */
function take(at: usize): bool {
  full = false;
  if (!at || !isText(at)) return false;
  const end = skipValue(at) - 1;
  if (end - at > LONGEST) return false;
  const to = room(end - at);
  full = to == 0;
  if (full) return false;
  text = to;
  textLength = unescapeText(at + 1, end, to);
  trim(to, textLength);
  return true;
}

function readMembers(next: Roster): bool {
  let count = 0;
  if (!hosts) return true;
  for (let at = firstOf(hosts); !isEnd(at); at = skipElement(at)) {
    if (++count > MOST_MEMBERS) return refuse(TOO_LARGE);
  }
  next.order = room(<usize>count << 2);
  const records = room(<usize>count * offsetof<Member>());
  for (let at = firstOf(hosts); !isEnd(at); at = skipElement(at)) {
    if (isElsewhere(at)) continue;
    const host = changetype<Member>(records + <usize>next.members * offsetof<Member>());
    if (!readMember(at, host)) return refuse(full ? TOO_LARGE : NOT_A_TABLE);
    insert(next, host);
  }
  return true;
}

/** Of another namespace. */
function isElsewhere(host: usize): bool {
  const named = member(host, "namespace");
  if (!named || !isText(named)) return false;
  const length = <i32>(skipValue(named) - named) - 2;
  const table = head();
  return length > 0 && !same(named + 1, length, table.namespace, table.namespaceLength);
}

function readMember(at: usize, host: Member): bool {
  if (!take(member(at, "name")) || textLength == 0) return false;
  host.name = text;
  host.nameLength = textLength;
  const appId = member(at, "appId");
  const named = take(appId ? appId : member(at, "id"));
  host.appId = text;
  host.appIdLength = named ? textLength : 0;
  const types = member(at, "actorTypes");
  host.entities = types ? types : member(at, "entities");
  host.upstream = 0;
  if (!take(member(at, "address"))) return true;
  const address = text;
  const length = textLength;
  const upstream = room(UPSTREAM_BYTES);
  full = upstream == 0;
  if (full) return false;
  memory.fill(upstream, 0, UPSTREAM_BYTES);
  if (readAddress(address, length, changetype<Upstream>(upstream))) host.upstream = upstream;
  return true;
}

/** Puts a member behind those whose names come before its own, as bytes: that decides who has a point that two have. */
function insert(next: Roster, member: Member): void {
  let i = next.members++;
  for (; i > 0 && comesBefore(member, next.member(i - 1)); i--) {
    store<usize>(next.order + (<usize>i << 2), changetype<usize>(next.member(i - 1)));
  }
  store<usize>(next.order + (<usize>i << 2), changetype<usize>(member));
}

function comesBefore(a: Member, b: Member): bool {
  return compare(a.name, a.nameLength, b.name, b.nameLength) < 0;
}

function readTypes(next: Roster): bool {
  next.types = room(<usize>MOST_TYPES * offsetof<Type>());
  if (!next.types) return refuse(TOO_LARGE);
  for (let i = 0; i < next.members; i++) {
    const entities = next.member(i).entities;
    if (!entities || load<u8>(entities) != BRACKET) continue;
    for (let at = firstOf(entities); !isEnd(at); at = skipElement(at)) {
      if (!take(at)) return refuse(full ? TOO_LARGE : NOT_A_TABLE);
      let type = findType(next, text, textLength);
      if (type === null) {
        type = addType(next);
        if (type === null) return refuse(TOO_LARGE);
      } else trim(text, 0);
      store<u8>(type.hosts + <usize>i, 1);
    }
  }
  return true;
}

/** The text that was taken last as a type that nobody hosts yet, null where there is no room. */
function addType(next: Roster): Type | null {
  const hosts = room(next.members);
  if (!hosts || next.typesCount == MOST_TYPES) return null;
  memory.fill(hosts, 0, next.members);
  const type = next.type(next.typesCount++);
  type.name = text;
  type.nameLength = textLength;
  type.hosts = hosts;
  return type;
}
