/** What is too much: decided on the head alone, before anything is done. */
import { Call } from "./call";
import { head } from "./table";

/** Bytes of names and values that hosts take in fields at most, whatever the table allows. */
const MOST_FIELD_BYTES: i32 = 98304;

/** True where the fields are more than the gateway takes. */
export function areTooMany(call: Call): bool {
  const limit = head().maxHeaders;
  let size = 0;
  for (let i = 0; i < call.fieldCount; i++) {
    const field = call.fields.at(i);
    size += field.nameLength + field.valueLength;
  }
  return size > MOST_FIELD_BYTES || (limit != 0 && <u32>size > limit);
}
