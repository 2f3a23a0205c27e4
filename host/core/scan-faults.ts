import { ScanError } from "./core.ts";

/** One sentence for each status of `assembly/json/fault.ts`. None repeats what the body holds. */
export const sentences: Readonly<Record<number, string>> = {
  [-1]: "expected a JSON value",
  [-2]: "expected a member name in double quotes",
  [-3]: "expected a colon",
  [-4]: "expected a comma or the end of the object or array",
  [-5]: "expected nothing after the JSON value",
  [-6]: "expected no control character in a string",
  [-7]: "expected a valid escape in a string",
  [-8]: "expected valid UTF-8",
  [-9]: "expected a valid number",
  [-10]: "expected true, false or null",
  [-11]: "expected at most 10000 nested objects and arrays",
  [-12]: "expected more: the JSON is cut off",
  [-20]: "expected a key that is not empty",
  [-21]: "expected each member of an event once",
  [-22]: "expected at most 1024 members in an event",
};

/** A wrong type is this minus the number of the field in `assembly/json/fields.ts`. */
const wrongType = -100;

/** What each field takes, by its number there. */
export const wrongTypes: Readonly<Record<number, string>> = {
  2: "an object for each item",
  3: "a string for key",
  5: "a string for etag",
  6: "an object for options",
  7: "a string for concurrency",
  8: "a string for consistency",
  9: "an object for metadata",
  11: "a string for each value of metadata",
  12: "an array for operations",
  13: "a string for operation",
  14: "an object for request",
  19: "a string for entryId",
  20: "a string for contentType",
};

/** The error of a scan that answered `status`. `root` says what the whole body should be. */
export function scanError(status: number, offset: number, root: string): ScanError {
  if (status > wrongType) return new ScanError(sentences[status] ?? "expected valid JSON", offset);
  return new ScanError(`expected ${wrongTypes[wrongType - status] ?? root}`, offset);
}
