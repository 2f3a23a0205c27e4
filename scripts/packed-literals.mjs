/**
 * Text literals of AssemblyScript are UTF-16 behind a head of the collector's: of those that are only ever copied byte by
 * byte (assembly/gateway/text.ts), a third is enough. This makes each a number, where its bytes lie behind its length, as
 * that of a string does; LITERAL_SHIFT tells the sources.
 */
const token = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g;

/** Names of modules, imports and fields are no text. */
const isName = (line, before) =>
  /\bfrom\s+["']|^\s*import\s|@external\(/.test(line) || /\boffsetof<\w+>\($/.test(before);

function bytesOf(literal) {
  const double = literal.startsWith('"') ? literal : `"${literal.slice(1, -1).replace(/"/g, '\\"')}"`;
  const text = JSON.parse(double);
  const bytes = [...text].map((letter) => letter.charCodeAt(0));
  if (bytes.some((byte) => byte > 0x7f)) throw new Error(`a literal beyond ASCII: ${literal}`);
  const size = bytes.length * 2;
  return [size & 255, size >> 8, 0, 0, ...bytes];
}

/** How the core reads a letter, which is a byte then. */
const letter = /<u8>(\w+)\.charCodeAt\((\w+)\)/g;

/** The source with its literals packed, where `place` says. */
export function packLiterals(source, place) {
  const byBytes = source.replace(letter, "load<u8>(changetype<usize>($1) + $2)");
  return byBytes.replace(token, (found, at) => {
    if (found.startsWith("/")) return found;
    const line = byBytes.slice(byBytes.lastIndexOf("\n", at) + 1, byBytes.indexOf("\n", at));
    if (isName(line, byBytes.slice(Math.max(0, at - 40), at))) return found;
    return `changetype<string>(${place(bytesOf(found)) + 4})`;
  });
}
