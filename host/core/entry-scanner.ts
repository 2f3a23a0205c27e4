import type { Core, ScannedEntry } from "./core.ts";
import type { CoreExports } from "./exports.ts";
import type { Inbox } from "./inbox.ts";
import { follow, isMissing, marks, shapes, textOf } from "./scan.ts";

type Draft = { -readonly [Member in keyof ScannedEntry]: ScannedEntry[Member] };

function draft(): Draft {
  return { entryId: "", event: undefined, contentType: "", metadata: undefined };
}

/** Binds the scanner of one instance to requests that publish in bulk. */
export function entryScanner(core: CoreExports, inbox: Inbox): Pick<Core, "scanEntries"> {
  return {
    scanEntries(body: Uint8Array): ScannedEntry[] {
      const entries: ScannedEntry[] = [];
      let entry = draft();
      let metadata: Map<string, string> | undefined;
      let name = "";
      follow(core, inbox, shapes.bulk, "an array of entries", body, (field, flags, start, end) => {
        const text = () => textOf(body, flags, start, end) ?? "";
        switch (field) {
          case marks.entryId:
            entry.entryId = text();
            break;
          case marks.value:
            entry.event = body.subarray(start, end);
            break;
          case marks.contentType:
            entry.contentType = text();
            break;
          case marks.metadata:
            metadata = isMissing(flags) ? undefined : new Map();
            entry.metadata = metadata;
            break;
          case marks.mapName:
            name = text();
            break;
          case marks.mapValue:
            metadata?.set(name, text());
            break;
          case marks.itemEnd:
            entries.push(entry);
            entry = draft();
            break;
        }
      });
      return entries;
    },
  };
}
