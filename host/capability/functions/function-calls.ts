import { ApiError } from "../../errors/api-error.ts";
import { json, type RuntimeResponse } from "../../http.ts";
import { capabilityError } from "../answer-offer.ts";
import { responseOf } from "../guest-answer.ts";
import type { LoadedPackage } from "../loaded-package.ts";
import type { FunctionOffer } from "../manifest.ts";
import { type MessageField, textField } from "../message.ts";
import type { Arrival } from "./join.ts";
import type { Occasion } from "./occasion.ts";

/** A function and the package that offers it. */
export interface FoundFunction {
  readonly package: LoadedPackage;
  readonly offer: FunctionOffer;
}

export function functionsOf(packages: Iterable<LoadedPackage>): readonly FoundFunction[] {
  return [...packages].flatMap((one) =>
    one.manifest.offers.flatMap((offer) => (offer.kind === "function" ? { package: one, offer } : [])),
  );
}

export function findFunction(packages: Iterable<LoadedPackage>, name: string): FoundFunction {
  const found = functionsOf(packages).find(({ offer }) => offer.name === name);
  if (found === undefined) throw new ApiError("ERR_FUNCTION_NOT_FOUND", { name });
  return found;
}

/** Calls a function. Throws as {@link LoadedPackage.call} does. */
export async function callFunction(
  { package: one, offer }: FoundFunction,
  { operation, id, data, body, fields, traceparent, commit }: Occasion,
): Promise<readonly MessageField[]> {
  const { name, module, process } = offer;
  const request = [
    textField(":offer", name),
    textField(":operation", operation),
    textField(":id", id),
    ...fields,
    [":body", process === undefined ? body : data] as const,
  ];
  return await one.call(process ?? module, { fields: request, checks: [] }, { traceparent, commit });
}

/** The answer of a function as one of the API, or the API's error. */
export async function answerOf(
  { package: one }: FoundFunction,
  calling: Promise<readonly MessageField[] | Arrival>,
): Promise<RuntimeResponse> {
  try {
    const answer = await calling;
    if (!("waitsFor" in answer) && !("answer" in answer)) return responseOf(answer);
    if ("waitsFor" in answer) return json(answer, 202);
    return answer.answer === undefined ? json({ waitsFor: [] }, 202) : responseOf(answer.answer);
  } catch (error) {
    throw capabilityError(error, one.manifest.name);
  }
}
