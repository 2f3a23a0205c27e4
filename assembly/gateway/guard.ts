/** Who may ask, and what is too much: decided on the head alone, before anything is done. */
import { Call, findField } from "./call";
import { NONE } from "./records.gen";
import { beginSecrets, findSecret, secretLength, secretText } from "./secrets";
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

/** True where the caller has the token, or needs none. Without the secret that it is compared with, nobody has it. */
export function isAuthorised(call: Call): bool {
  beginSecrets();
  const token = head().apiToken;
  if (token == NONE) return true;
  if (!findSecret(token)) return false;
  const field = findField(call.fields, "dapr-api-token");
  const length = field == null ? 0 : field.valueLength;
  // All of it is compared, whatever differs first: time tells nothing but the length.
  let difference = length ^ secretLength();
  const compared = min(length, secretLength());
  for (let i = 0; i < compared; i++) difference |= load<u8>(field!.value + i) ^ load<u8>(secretText() + i);
  return difference == 0;
}
