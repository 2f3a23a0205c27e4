import { type Filter, type Path, pathOf, type Scalar, type Sort } from "../../components/state/query.ts";

/** What the body of a query asks for. */
export interface QueryBody {
  readonly filter: Filter | undefined;
  readonly sort: readonly Sort[];
  readonly limit: number | undefined;
  readonly token: string | undefined;
}

/** Deeper than anybody writes by hand, and no work for a stack. */
const DEEPEST = 32;
/** Values to compare with of one filter: what SQLite takes in one statement, with room to spare. */
const LONGEST = 1_000;
/** A page that follows another one is asked for with every sort compared within every other. */
const MOST_SORTS = 16;
/** Characters of one path, which a statement repeats wherever it reads the value. */
const LONGEST_PATH = 1_000;

/**
 * Reads the JSON of a query. Names of members may differ in case and unknown ones are ignored, as in Dapr; names of
 * operators may not. Throws an Error that says what was expected where.
 */
export function parseQuery(body: Uint8Array): QueryBody {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new Error('expected JSON of the form {"filter": {"EQ": {"person.org": "Dev"}}}');
  }
  const query = members(parsed ?? {}, "a query");
  const page = members(query.get("page") ?? {}, "page");
  const [limit, token] = [page.get("limit") ?? 0, page.get("token") ?? ""];
  if (typeof limit !== "number" || !Number.isSafeInteger(limit) || limit < 0)
    throw new Error("page.limit: expected a whole number, 0 (no limit) or more");
  if (typeof token !== "string") throw new Error("page.token: expected a string");
  return {
    filter: wholeFilter(query.get("filter") ?? {}),
    sort: sorts(query.get("sort") ?? []),
    limit: limit === 0 ? undefined : limit,
    token: token === "" ? undefined : token,
  };
}

function sorts(value: unknown): readonly Sort[] {
  const given = array(value, "sort");
  if (given.length > MOST_SORTS) throw new Error(`sort: expected at most ${MOST_SORTS} keys`);
  return given.map(sortOf);
}

function sortOf(value: unknown, index: number): Sort {
  const where = `sort[${index}]`;
  const sort = members(value, where);
  const order = sort.get("order") ?? "ASC";
  const upper = typeof order === "string" ? order.toUpperCase() : undefined;
  if (upper !== "ASC" && upper !== "DESC" && upper !== "")
    throw new Error(`${where}.order: expected ASC or DESC`);
  return { path: path(sort.get("key"), `${where}.key`), order: upper || "ASC" };
}

/** An empty filter is none, as in Dapr. */
function wholeFilter(value: unknown): Filter | undefined {
  if (Object.keys(object(value, "filter")).length === 0) return undefined;
  const budget = { left: LONGEST };
  const spend = (count: number) => {
    budget.left -= count;
    if (budget.left < 0) throw new Error(`filter: expected at most ${LONGEST} values to compare with`);
  };
  return filterOf(value, "filter", 1, spend);
}

function filterOf(value: unknown, where: string, depth: number, spend: (count: number) => void): Filter {
  if (depth > DEEPEST) throw new Error(`filter: expected at most ${DEEPEST} filters within each other`);
  const [op, operand] = single(value, where, "an operator");
  const at = `${where}.${op}`;
  if (op === "AND" || op === "OR") {
    const parts = array(operand, at);
    if (parts.length < 2) throw new Error(`${at}: expected two filters or more`);
    return { op, filters: parts.map((part, i) => filterOf(part, `${at}[${i}]`, depth + 1, spend)) };
  }
  switch (op) {
    case "IN":
    case "EQ":
    case "NEQ":
    case "GT":
    case "GTE":
    case "LT":
    case "LTE":
      break;
    default:
      throw new Error(`unsupported filter; expected EQ, NEQ, GT, GTE, LT, LTE, IN, AND or OR at ${where}`);
  }
  const [key, given] = single(operand, at, "the path of a member");
  const common = { path: path(key, at) };
  if (op === "IN") {
    const values = array(given, `${at}.${key}`).map((one) => scalar(one, `${at}.${key}`));
    spend(Math.max(1, values.length));
    return { op, ...common, values };
  }
  spend(1);
  if (op === "EQ" || op === "NEQ") return { op, ...common, value: scalar(given, `${at}.${key}`) };
  if (typeof given !== "string" && typeof given !== "number")
    throw new Error(`${at}.${key}: expected a number or a string`);
  return { op, ...common, value: given };
}

function scalar(value: unknown, where: string): Scalar {
  if (value === null || ["string", "number", "boolean"].includes(typeof value)) return value as Scalar;
  throw new Error(`${where}: expected a string, a number, a boolean or null`);
}

function path(value: unknown, where: string): Path {
  const found = typeof value === "string" ? pathOf(value) : undefined;
  if (found !== undefined && String(value).length > LONGEST_PATH)
    throw new Error(`${where}: expected a path of at most ${LONGEST_PATH} characters`);
  if (found === undefined) throw new Error(`${where}: expected the path of a member, as in person.org`);
  return found;
}

function object(value: unknown, where: string): object {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new Error(`${where}: expected an object`);
}

function members(value: unknown, where: string): ReadonlyMap<string, unknown> {
  return new Map(Object.entries(object(value, where)).map(([name, member]) => [name.toLowerCase(), member]));
}

/** The one member of an object. */
function single(value: unknown, where: string, what: string): [name: string, value: unknown] {
  const [first, ...more] = Object.entries(object(value, where));
  if (first === undefined || more.length > 0)
    throw new Error(`${where}: expected an object of one member, ${what}`);
  return first;
}

function array(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`${where}: expected an array`);
}
