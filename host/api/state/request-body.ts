import { ScanError } from "../../core/core.ts";
import { ApiError } from "../../errors/api-error.ts";
import { BodyTooLargeError, readBody } from "../../http.ts";
import type { Call } from "../endpoint.ts";

/** A save's message is the cause alone; the other operations say what failed. */
export type Wording = "{cause}" | undefined;

/** The error of a body that cannot be understood. */
export function malformed(cause: string, wording: Wording): ApiError {
  return new ApiError("ERR_MALFORMED_REQUEST", { cause }, wording === undefined ? {} : { message: wording });
}

/** The whole body, at most as large as the sidecar takes. */
export async function requestBody({ request, sidecar }: Call, wording: Wording): Promise<Uint8Array> {
  try {
    return await readBody(request.body, sidecar.maxBodySize);
  } catch (error) {
    if (!(error instanceof BodyTooLargeError)) throw error;
    throw malformed(`stream too large: ${error.message}`, wording);
  }
}

/** What `scan` finds in a body; throws the block's own error where it finds a fault. */
export function scanned<T>(scan: () => T, wording: Wording): T {
  try {
    return scan();
  } catch (error) {
    if (error instanceof ScanError) throw malformed(error.message, wording);
    throw error;
  }
}
