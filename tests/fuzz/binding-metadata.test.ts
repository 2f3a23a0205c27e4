import fc from "fast-check";
import { expect, test } from "vitest";
import { requestHeaders } from "../../host/components/bindings/http/request-headers.ts";
import { addressed } from "../../host/components/bindings/http/target-url.ts";
import { ComponentError } from "../../host/errors/component-error.ts";
import { metadataHeaders } from "../../host/subscriptions/delivery-headers.ts";

const numRuns = Number(process.env.FUZZ_RUNS ?? 2_000);
const piece = fc.oneof(
  fc.constantFrom(
    "..",
    ".",
    "/",
    "//",
    "\\",
    "?",
    "#",
    "@",
    ":",
    "%2e%2e",
    "%2E",
    "%2f",
    "%5c",
    "\t",
    "\n",
    "\0",
    " ",
  ),
  fc.constantFrom("evil.example", "http://evil.example", "user:pass@evil.example", "a", "b", "é", "🔑"),
  fc.string({ unit: "binary", maxLength: 4 }),
);
const path = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(""));
const bases = [
  "http://target.example",
  "http://target.example/",
  "https://target.example:8443/base",
  "http://target.example/a/b/?q=1",
];

test("no path of a caller leads out of a binding's address", () => {
  fc.assert(
    fc.property(fc.constantFrom(...bases), path, (base, path) => {
      let url: URL;
      try {
        url = new URL(addressed(base, path));
      } catch (error) {
        expect(error).toBeInstanceOf(ComponentError);
        return;
      }
      const own = new URL(base);
      expect([url.origin, url.username, url.password]).toEqual([own.origin, "", ""]);
      expect(`${url.pathname}/`.startsWith(`${own.pathname.replace(/\/+$/, "")}/`)).toBe(true);
    }),
    { numRuns },
  );
});

const name = fc.oneof(
  fc.constantFrom(
    "Host",
    "host",
    "Content-Length",
    "Transfer-Encoding",
    "X-One",
    "traceparent",
    "Traceparent",
    "path",
  ),
  fc.constantFrom(
    "dapr-api-token",
    "Dapr-Caller-App-Id",
    "X-Forwarded-For",
    "content-type",
    "X\r\nY",
    "__proto__",
  ),
  fc.string({ unit: "binary", maxLength: 6 }),
);
const metadata = fc.dictionary(name, fc.string({ unit: "binary", maxLength: 8 }), { maxKeys: 6 });
const forbidden = /^(host|content-length|transfer-encoding|connection|upgrade|te|trailer|expect)$/;

/** Fetch takes what every other client takes, and nothing that breaks the framing. */
function isFramed(headers: readonly string[]): void {
  for (let i = 0; i < headers.length; i += 2) {
    const [field = "", value = ""] = headers.slice(i, i + 2);
    expect(field).toMatch(/^[!#$%&'*+\-.^_`|~0-9a-z]+$/);
    expect(() => new Headers([[field, value]])).not.toThrow();
    expect(value).not.toMatch(/[\r\n\0]/);
    expect(field).not.toMatch(forbidden);
  }
}

test("no metadata of a caller breaks the framing of the request that bindings.http sends", () => {
  fc.assert(
    fc.property(metadata, fc.boolean(), (given, hasBody) => {
      try {
        isFramed(requestHeaders(new Map(Object.entries(given)), hasBody, undefined, true));
      } catch (error) {
        if (!(error instanceof ComponentError)) throw error;
        expect(error.code).toBe("INVALID_ARGUMENT");
      }
    }),
    { numRuns },
  );
});

test("no metadata of an event breaks the framing of its delivery, or claims who calls", () => {
  fc.assert(
    fc.property(metadata, (given) => {
      const headers = metadataHeaders(new Map(Object.entries(given)));
      isFramed(headers);
      for (let i = 0; i < headers.length; i += 2) {
        expect(headers[i]).not.toMatch(/^(dapr|daprlet)-|^x-forwarded-for$|^content-type$/);
      }
    }),
    { numRuns },
  );
});
