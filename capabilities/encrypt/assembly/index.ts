import { Answer, fromBase64, Json, random, Request, serve, Step, toBase64, wrappedStore, Wrapping } from "../../guest";
import { NONCE, open, seal } from "./sealed";

export { cap_abi_version, cap_alloc, cap_handle, cap_resume } from "../../guest/abi";

/** Before the base64 of a sealed value. */
const MARK = "sealed:";

serve((request: Request): Step => {
  const metadata = Json.parse(request.config);
  const secret: Uint8Array | null = metadata === null ? null : fromBase64(metadata.textOf("key"));
  if (secret === null || secret.length != 32) {
    return Answer.error(500, "ERR_STATE_ENCRYPT", "metadata key must be 32 bytes in base64");
  }
  return wrappedStore(request, metadata, new Sealed(secret));
});

class Sealed extends Wrapping {
  constructor(private readonly secret: Uint8Array) {
    super();
  }

  wrap(key: string, value: Uint8Array): string {
    return MARK + toBase64(seal(this.secret, random(NONCE), value, context(key)));
  }

  unwrap(key: string, text: string): Uint8Array | null {
    if (!text.startsWith(MARK)) return null;
    const sealed = fromBase64(text.substring(MARK.length));
    return sealed === null ? null : open(this.secret, sealed, context(key));
  }

  refusal(): Answer {
    return Answer.error(500, "ERR_STATE_ENCRYPT", "what is stored was changed, moved, or sealed with another key");
  }
}

/** The key of the item: a value that is moved under another does not open there. */
function context(key: string): Uint8Array {
  return Uint8Array.wrap(String.UTF8.encode(key));
}
