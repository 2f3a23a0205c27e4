const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Visible ASCII but for the quote, the comma, the semicolon and the backslash. */
const value = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;
const longest = 8_192;

function isPair(text: string): boolean {
  const at = text.indexOf("=");
  return at > 0 && token.test(text.slice(0, at).trim()) && value.test(text.slice(at + 1).trim());
}

/** What is wrong with a `baggage` header by W3C Baggage §3; undefined for a good one. */
export function baggageFault(baggage: string): string | undefined {
  if (baggage.length > longest) return `more than ${longest} bytes`;
  if (baggage === "") return undefined;
  for (const member of baggage.split(",")) {
    const [pair = "", ...properties] = member.split(";");
    const wrong = properties.find((one) => {
      const property = one.trim();
      return property !== "" && !token.test(property) && !isPair(property);
    });
    if (wrong !== undefined) return `invalid baggage list-member property: ${JSON.stringify(wrong)}`;
    if (!isPair(pair)) return `invalid baggage list-member: ${JSON.stringify(member)}`;
  }
  return undefined;
}
