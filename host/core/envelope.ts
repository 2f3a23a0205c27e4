import { joinBytes } from "../join-bytes.ts";
import type { Core, EnvelopeAttributes, EnvelopeDefaults } from "./core.ts";
import type { CoreExports } from "./exports.ts";
import type { Inbox } from "./inbox.ts";
import { feed, shapes } from "./scan.ts";
import { scanError } from "./scan-faults.ts";

/** How data stand in an envelope, by the number of `assembly/cloudevents/form.ts`. */
const asJson = 1;
const asBase64 = 2;

const ascii = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const stringForm = { open: ascii(',"data":"'), close: ascii('"}') };
const jsonForm = { open: ascii(',"data":'), close: ascii("}") };
const base64Form = { open: ascii(',"data_base64":"'), close: ascii('"}') };

/** What a chunk may grow to fits the outbox's half: six bytes for one when escaped, four for three in base64. */
const textChunk = 16_384;
const base64Chunk = 49_152;

/** Binds the envelopes of one instance. */
export function envelopes(core: CoreExports, inbox: Inbox): Pick<Core, "frame" | "complete"> {
  const dataStart = core.data();

  /** Text of the attributes in the core's order, their lengths in the answer's words. */
  function give(attributes: readonly (string | undefined)[]): void {
    const { result } = inbox;
    let all = "";
    for (const text of attributes) if (text !== undefined) all += text;
    const written = inbox.text(all);
    if (written < 0) throw tooLong();
    const isAscii = written === all.length;
    let at = 0;
    for (let i = 0; i < attributes.length; i++) {
      const text = attributes[i];
      // Beyond ASCII each text is put on its own: halves of a surrogate pair must not meet across two of them.
      const length = text === undefined ? -1 : isAscii ? text.length : inbox.text(text, at);
      if (length > 0) at += length;
      else if (length < 0 && text !== undefined) throw tooLong();
      result[i] = length;
    }
  }

  return {
    frame(a: EnvelopeAttributes, data: Uint8Array): Uint8Array {
      give([
        a.id,
        a.source,
        a.type,
        a.subject,
        a.time,
        a.datacontenttype,
        a.topic,
        a.pubsubname,
        a.traceparent,
        a.tracestate,
        a.expiration,
      ]);
      const length = core.frame();
      if (length < 0) throw tooLong();
      const form = inbox.result[0];
      const head = inbox.bytes.subarray(inbox.outbox, inbox.outbox + length);
      // Validating follows no shape, so it leaves the outbox alone, and with it the head.
      if (form === asJson && feed(core, inbox, shapes.any, data) === 0) {
        return joinBytes([head, jsonForm.open, data, jsonForm.close]);
      }
      const { open, close } = form === asBase64 ? base64Form : stringForm;
      return joinBytes([head, open, ...encoded(data, form === asBase64), close]);
    },

    complete(d: EnvelopeDefaults, event: Uint8Array): Uint8Array {
      const status = feed(core, inbox, shapes.event, event);
      if (status !== 0) throw scanError(status, inbox.result[1] as number, "a JSON object");
      const marks = inbox.result[0] as number;
      give([
        d.id,
        d.source,
        d.type,
        undefined,
        d.time,
        undefined,
        d.topic,
        d.pubsubname,
        d.traceparent,
        d.tracestate,
        d.expiration,
      ]);
      const changes = core.complete(marks);
      if (changes < 0) throw tooLong();
      const pieces: Uint8Array[] = [];
      let kept = 0;
      for (let i = 0; i < changes * 4; i += 4) {
        const from = (inbox.result[i] as number) >>> 0;
        const to = (inbox.result[i + 1] as number) >>> 0;
        const start = inbox.result[i + 2] as number;
        const length = inbox.result[i + 3] as number;
        pieces.push(event.subarray(kept, from), inbox.bytes.subarray(start, start + length));
        kept = to;
      }
      pieces.push(event.subarray(kept));
      return joinBytes(pieces);
    },
  };

  /** The data's text, chunk by chunk. Only the last chunk may stay in the core's memory. */
  function encoded(data: Uint8Array, base64: boolean): Uint8Array[] {
    const size = base64 ? base64Chunk : textChunk;
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < data.length; ) {
      const chunk = data.subarray(at, at + size);
      inbox.put(chunk);
      const last = at + chunk.length === data.length;
      const length = base64 ? core.base64(chunk.length) : core.escape(chunk.length, last ? 1 : 0);
      at += base64 ? chunk.length : (inbox.result[0] as number);
      const piece = inbox.bytes.subarray(dataStart, dataStart + length);
      pieces.push(last ? piece : piece.slice());
    }
    return pieces;
  }
}

function tooLong(): RangeError {
  return new RangeError("the attributes of the event are longer than an envelope may hold");
}
