import { type Headers, header, withoutHeader } from "../../../http.ts";

function pairs(headers: Headers): readonly string[] {
  const given: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === "cookie") given.push(...(headers[i + 1] as string).split(";"));
  }
  return given.map((pair) => pair.trim()).filter((pair) => pair !== "");
}

/** The value of a cookie; of several of one name the first, as browsers send the most specific first. */
export function cookie(headers: Headers, name: string): string | undefined {
  return pairs(headers)
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1);
}

/** The headers without the cookies whose names `own` is true of. */
export function withoutCookies(headers: Headers, own: (name: string) => boolean): Headers {
  if (header(headers, "cookie") === undefined) return headers;
  const all = pairs(headers);
  const kept = all.filter((pair) => !own(pair.split("=", 1)[0] as string));
  if (kept.length === all.length) return headers;
  const rest = withoutHeader(headers, "cookie");
  return kept.length === 0 ? rest : [...rest, "cookie", kept.join("; ")];
}
