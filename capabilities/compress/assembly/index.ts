import { Answer, fromBase64, Json, Request, serve, Step, toBase64, wrappedStore, Wrapping } from "../../guest";
import { deflate, inflate } from "../../guest/deflate";

export { cap_abi_version, cap_alloc, cap_handle, cap_resume } from "../../guest/abi";

/** A value that is told to be larger is refused: a few bytes can say gigabytes. */
const LARGEST = 8 << 20;

/** Before the base64 of a compressed value. */
const MARK = "deflate:";

serve((request: Request): Step => {
  const operation = request.operation;
  if (operation == "compress") return Answer.bytes(deflate(request.body));
  if (operation == "decompress") {
    const bytes = inflate(request.body, LARGEST);
    return bytes === null ? refused("the body is no deflate data of at most 8 MiB") : Answer.bytes(bytes);
  }
  return wrappedStore(request, Json.parse(request.config), new Compressed());
});

function refused(message: string): Answer {
  return Answer.error(400, "ERR_BAD_REQUEST", message);
}

class Compressed extends Wrapping {
  wrap(_key: string, value: Uint8Array): string {
    return MARK + toBase64(deflate(value));
  }

  unwrap(_key: string, text: string): Uint8Array | null {
    if (!text.startsWith(MARK)) return null;
    const bytes = fromBase64(text.substring(MARK.length));
    return bytes === null ? null : inflate(bytes, LARGEST);
  }

  refusal(): Answer {
    return Answer.error(500, "ERR_STATE_COMPRESS", "what is stored was not compressed by this package, or is broken");
  }
}
