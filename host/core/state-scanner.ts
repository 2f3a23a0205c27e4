import type { Core, ScannedBinding, ScannedItem, ScannedOperation, ScannedTransaction } from "./core.ts";
import type { CoreExports } from "./exports.ts";
import type { Inbox } from "./inbox.ts";
import { feed, follow, isMissing, marks, shapes, textOf } from "./scan.ts";

type Draft = { -readonly [Member in keyof ScannedItem]: ScannedItem[Member] };

/** Binds the scanner of one instance to requests that hold items, operations or one operation. */
export function stateScanner(
  core: CoreExports,
  inbox: Inbox,
): Pick<Core, "scanState" | "scanTransaction" | "scanBinding" | "isJson"> {
  return {
    scanState(body: Uint8Array): ScannedItem[] {
      const items: ScannedItem[] = [];
      const reader = new Reader(body);
      follow(core, inbox, shapes.save, "an array of items", body, (field, flags, start, end) => {
        if (field === marks.itemEnd) items.push(reader.takeItem());
        else reader.visit(field, flags, start, end);
      });
      return items;
    },

    scanTransaction(body: Uint8Array): ScannedTransaction {
      let operations: ScannedOperation[] = [];
      let name = "";
      let request: ScannedItem | undefined;
      const reader = new Reader(body);
      follow(
        core,
        inbox,
        shapes.transaction,
        "an object with operations",
        body,
        (field, flags, start, end) => {
          switch (field) {
            case marks.operations:
              operations = [];
              return;
            case marks.operationName:
              name = textOf(body, flags, start, end) ?? "";
              return;
            case marks.request:
              request = undefined;
              // The transaction's own metadata waits in the same reader.
              if (!isMissing(flags)) reader.beginRequest();
              return;
            case marks.itemEnd:
              request = reader.endRequest();
              return;
            case marks.operationEnd:
              operations.push({ operation: name, request: request ?? noItem });
              name = "";
              request = undefined;
              return;
            default:
              reader.visit(field, flags, start, end);
          }
        },
      );
      return { operations, metadata: reader.takeItem().metadata };
    },

    scanBinding(body: Uint8Array): ScannedBinding {
      let operation = "";
      const reader = new Reader(body);
      const root = "an object with operation, data and metadata";
      follow(core, inbox, shapes.binding, root, body, (field, flags, start, end) => {
        if (field === marks.operationName) operation = textOf(body, flags, start, end) ?? "";
        else reader.visit(field, flags, start, end);
      });
      const { value: data, metadata } = reader.takeItem();
      return { operation, data, metadata };
    },

    isJson(bytes: Uint8Array): boolean {
      return feed(core, inbox, shapes.any, bytes) === 0;
    },
  };
}

/** Collects the marks of one item after the other. */
class Reader {
  readonly #body: Uint8Array;
  #item: Draft = draft();
  #outer: Draft | undefined;
  #metadata: Map<string, string> | undefined;
  #name = "";

  constructor(body: Uint8Array) {
    this.#body = body;
  }

  visit(field: number, flags: number, start: number, end: number): void {
    const item = this.#item;
    switch (field) {
      case marks.key:
        item.key = textOf(this.#body, flags, start, end) ?? "";
        break;
      case marks.value:
        item.value = this.#body.subarray(start, end);
        break;
      case marks.etag:
        item.etag = textOf(this.#body, flags, start, end);
        break;
      case marks.concurrency:
        item.concurrency = textOf(this.#body, flags, start, end);
        break;
      case marks.consistency:
        item.consistency = textOf(this.#body, flags, start, end);
        break;
      case marks.retryPolicy:
        item.retryPolicy = isMissing(flags) ? undefined : this.#body.subarray(start, end);
        break;
      case marks.metadata:
        this.#metadata = isMissing(flags) ? undefined : new Map();
        item.metadata = this.#metadata;
        break;
      case marks.mapName:
        this.#name = textOf(this.#body, flags, start, end) ?? "";
        break;
      case marks.mapValue:
        this.#metadata?.set(this.#name, textOf(this.#body, flags, start, end) ?? "");
        break;
    }
  }

  takeItem(): ScannedItem {
    const item = this.#item;
    this.#item = draft();
    return item;
  }

  beginRequest(): void {
    this.#outer ??= this.#item;
    this.#item = draft();
  }

  endRequest(): ScannedItem {
    const item = this.#item;
    this.#item = this.#outer ?? draft();
    this.#outer = undefined;
    return item;
  }
}

/** What an operation without a request asks for. */
const noItem: ScannedItem = Object.freeze(draft());

function draft(): Draft {
  return {
    key: "",
    value: undefined,
    etag: undefined,
    concurrency: undefined,
    consistency: undefined,
    metadata: undefined,
    retryPolicy: undefined,
  };
}
