import { put, textAt, word } from "../spec-text";
import { FORBIDDEN_CHARACTER, MALFORMED_ESCAPE, NO_ROUTE, normalise, route } from "./route";
import { INVOKE } from "./routes.gen";

const GET = 0;

function span(index: i32): string {
  return textAt(<usize>word(1 + (index << 1)), word(2 + (index << 1)));
}

/** The parameters of a path that routes, joined by bars. */
function params(path: string): string {
  const operation = route(GET, put(path));
  if (operation < 0) return operation.toString();
  let all = "";
  for (let i = 1; i <= word(0); i++) all += "|" + span(i);
  return all;
}

function normal(path: string): string {
  const status = normalise(put(path));
  return status < 0 ? status.toString() : span(0);
}

describe("route", () => {
  it("answers the parameters of a path that needs no decoding as they lie in the inbox", () => {
    expect(params("/v1.0/state/store/key")).toBe("|store|key");
  });

  it("decodes parameters as queries are decoded", () => {
    expect(params("/v1.0/state/store/a%2Fb+c%20d%2B")).toBe("|store|a/b c d+");
  });

  it("cleans what is not encoded, and only that", () => {
    expect(params("//v1.0/./state/x/../store//key/")).toBe("|store|key");
    expect(params("/v1.0/state/store/%2e%2e")).toBe("|store|..");
  });

  it("does not know a path with a segment too many", () => {
    expect(params("/v1.0/state/store/a/b")).toBe(NO_ROUTE.toString());
  });

  it("refuses an escape that is cut off or is not UTF-8", () => {
    expect(params("/v1.0/state/store/a%2")).toBe(MALFORMED_ESCAPE.toString());
    expect(params("/v1.0/state/store/a%zz")).toBe(MALFORMED_ESCAPE.toString());
    expect(params("/v1.0/state/store/%ff")).toBe(MALFORMED_ESCAPE.toString());
  });

  it("splits an invocation at the first method", () => {
    expect(route(GET, put("/v1.0/invoke/app/method/a/method/b"))).toBe(INVOKE);
    expect(params("/v1.0/invoke/app/method/a/method/b")).toBe("|app|a/method/b");
    expect(params("/v1.0/invoke/http://host:80/x/method/a//b/")).toBe("|http://host:80/x|a/b");
  });

  it("lets no encoded dot segment through", () => {
    expect(params("/v1.0/invoke/app/method/admin%2F..%2Fpublic")).toBe("|app|public");
    expect(params("/v1.0/invoke/app/method/%2e%2e/%2e%2e/x")).toBe("|app|x");
  });

  it("refuses characters that would end a path", () => {
    expect(params("/v1.0/invoke/app/method/a%23b")).toBe(FORBIDDEN_CHARACTER.toString());
    expect(params("/v1.0/invoke/app/method/a%3Fb")).toBe(FORBIDDEN_CHARACTER.toString());
    expect(params("/v1.0/invoke/app/method/a%00b")).toBe(FORBIDDEN_CHARACTER.toString());
  });
});

describe("normalise", () => {
  it("roots, cleans and decodes once", () => {
    expect(normal("a//b/./c/../d/")).toBe("a/b/d");
    expect(normal("../../x")).toBe("x");
    expect(normal("a%2F..%2Fb%2525")).toBe("b%25");
    expect(normal("")).toBe("");
  });
});
