import { reasonOf } from "../../host/errors/reason-of.ts";
import { type Headers, readBody } from "../../host/http.ts";
import type { Runtime } from "../../host/runtime.ts";
import type { WireRequest, WireResponse } from "../messages.ts";
import { unavailable } from "../sidecars.ts";
import { detached } from "../wire.ts";

/** Answers for an actor that a package is; `turn` says of its writes of state where they belong. Never rejects. */
export async function packageTurn(
  runtime: Promise<Pick<Runtime, "sidecar">>,
  request: WireRequest,
  turn: Headers,
): Promise<WireResponse> {
  try {
    const { capabilities } = (await runtime).sidecar;
    const answer = await capabilities?.answerActor(request, turn);
    if (answer === undefined) return unavailable("the package is not there any more");
    const { status, headers, body } = answer;
    return { status, headers, body: detached(await readBody(body)) };
  } catch (error) {
    return unavailable(reasonOf(error));
  }
}
