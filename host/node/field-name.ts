const common = [
  "accept",
  "accept-encoding",
  "accept-language",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "dapr-app-id",
  "date",
  "etag",
  "host",
  "keep-alive",
  "server",
  "traceparent",
  "transfer-encoding",
  "user-agent",
  "vary",
  "x-powered-by",
];

function capitalised(name: string): string {
  return name.replace(/\b[a-z]/g, (letter) => letter.toUpperCase());
}

/** As they are mostly written, to what they are here. */
const known: ReadonlyMap<string, string> = new Map(
  common.flatMap((name) => [
    [name, name],
    [capitalised(name), name],
  ]),
);

/** A header field's name in lower case. Those of nearly every message are one string each: none is made anew, nor hashed. */
export function fieldName(raw: string): string {
  return known.get(raw) ?? raw.toLowerCase();
}
