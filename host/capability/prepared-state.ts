import type { CallContext, HostCalls } from "./host-calls.ts";
import type { Needs } from "./manifest.ts";
import { fieldOf, type MessageField, textField, textOf } from "./message.ts";

/** What the manifest wants read before each call, as far as it is granted: `:state.<key>` for each key that is there. */
export async function preparedState(
  { state }: Needs,
  calls: HostCalls,
  context: CallContext,
): Promise<readonly MessageField[]> {
  const wanted = state.flatMap(({ store, prepared }) => prepared.map((key) => ({ store, key })));
  if (wanted.length === 0) return [];
  const reading = wanted.map(({ store, key }) => [
    textField(":call", "state.get"),
    textField("store", store),
    textField("key", key),
  ]);
  const results = await calls.each(reading, context);
  return results.flatMap((result, i): readonly MessageField[] => {
    const body = fieldOf(result, ":body");
    return textOf(result, ":status") === "200" && body !== undefined
      ? [[`:state.${wanted[i]?.key}`, body]]
      : [];
  });
}
