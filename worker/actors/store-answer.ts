import type { ListingStore } from "../../host/components/state/store.ts";
import { ComponentError } from "../../host/errors/component-error.ts";
import { detached } from "../wire.ts";
import type { StoreAnswer, StoreCall } from "./actor-messages.ts";

/** The actor state store, as it is open at present. */
export interface OpenStore {
  readonly name: string;
  readonly component: ListingStore;
}

/** What the store answers, for a page. Never rejects. */
export async function storeAnswer(
  store: () => Promise<OpenStore | undefined>,
  call: StoreCall,
): Promise<StoreAnswer> {
  try {
    const component = (await store())?.component;
    if (component === undefined) {
      throw new ComponentError(
        "FAILED_PRECONDITION",
        'no state store has the metadata actorStateStore: "true"',
      );
    }
    switch (call.kind) {
      case "read": {
        const items = await component.bulkGet(call.keys);
        return {
          kind: "read",
          items: items.map((item) => item && { ...item, value: detached(item.value) as Uint8Array }),
        };
      }
      case "write":
        return { kind: "written", refused: (await component.write(call.batch)).map((error) => error?.kind) };
      case "list":
        return { kind: "list", keys: await component.list(call.from, call.to, call.limit) };
    }
  } catch (error) {
    const { code, message } = ComponentError.from(error);
    return { kind: "failed", code, message };
  }
}
