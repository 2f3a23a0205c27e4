import { type Platform, sleep } from "../platform.ts";
import { ManifestError } from "./manifest-reader.ts";

/** Before each further try. Their sum is what a start without a network waits for packages that are not kept. */
const PAUSES_MS: readonly number[] = [100, 400];

/** A file of a package. It is asked for again where the network or its server fails: for want of it the package is refused. */
export async function fetchFile(
  address: string,
  { clock, fetch }: Pick<Platform, "clock" | "fetch">,
): Promise<Uint8Array<ArrayBuffer>> {
  for (let tried = 0; ; tried++) {
    const pause = PAUSES_MS[tried];
    try {
      const response = await fetch(address, { cache: "no-cache" });
      if (response.ok) return new Uint8Array(await response.arrayBuffer());
      if (response.status < 500 || pause === undefined)
        throw new ManifestError(`${address} answers ${response.status}`);
    } catch (error) {
      if (pause === undefined || error instanceof ManifestError) throw error;
    }
    await sleep(clock, pause);
  }
}
