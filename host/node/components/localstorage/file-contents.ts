const decoder = new TextDecoder();
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * What a request's data (JSON) are as a file: of a string its text, or the bytes it stands for where it is base64 (a
 * word such as `hello123` is, too: that is daprd's rule); of anything else the JSON itself.
 */
export function fileContents(data: Uint8Array): Uint8Array {
  if (data[0] !== 0x22) return data;
  const text: string = JSON.parse(decoder.decode(data));
  return base64.test(text) ? Buffer.from(text, "base64") : Buffer.from(text);
}
