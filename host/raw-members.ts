/** Where the value that begins at `start` ends. The text is JSON. */
function valueEnd(text: string, start: number): number {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    const sign = text[i] as string;
    if (sign === '"') {
      for (i++; text[i] !== '"'; i++) if (text[i] === "\\") i++;
    } else if (sign === "{" || sign === "[") depth++;
    else if (sign === "}" || sign === "]") {
      if (depth === 0) return i;
      depth--;
    } else if (sign === "," && depth === 0) return i;
  }
  return text.length;
}

/** The texts of an array's elements, or of an object's members (`"name": value`). */
function parts(text: string): readonly string[] {
  const found: string[] = [];
  for (let i = text.search(/[[{]/) + 1; i > 0 && i < text.length; ) {
    const end = valueEnd(text, i);
    const part = text.slice(i, end).trim();
    if (part !== "") found.push(part);
    if (text[end] !== ",") break;
    i = end + 1;
  }
  return found;
}

function members(object: string): ReadonlyMap<string, string> {
  return new Map(
    parts(object).map((member): [string, string] => {
      const name = /^"(?:[^"\\]|\\.)*"/.exec(member)?.[0] ?? '""';
      const value = member.slice(name.length).replace(/^\s*:/, "");
      return [JSON.parse(name) as string, value.trim()];
    }),
  );
}

/**
 * The members of a JSON object by name, their values as they are written: parsing would change numbers and spaces.
 * Throws a SyntaxError for what is no JSON.
 */
export function rawObject(text: string): ReadonlyMap<string, string> {
  JSON.parse(text);
  return members(text);
}

/** The objects of a JSON array, each as {@link rawObject} has it. */
export function rawMembers(text: string): readonly ReadonlyMap<string, string>[] {
  JSON.parse(text);
  return parts(text).map(members);
}
