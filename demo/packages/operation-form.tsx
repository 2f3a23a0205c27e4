import { useSignal } from "@preact/signals";
import { pretty } from "../answer.ts";
import { type Found, foundIn, MarkedPicture } from "./marked-picture.tsx";
import { type Operation, textOf } from "./session.ts";

interface Answer {
  readonly ok: boolean;
  readonly line: string;
  readonly text?: string;
  readonly picture?: string;
  /** What was found in the picture that was sent. */
  readonly marked?: { readonly address: string; readonly found: Found };
}

/** What became of calls without a pause. */
interface Counted {
  readonly answered: number;
  readonly failed: number;
  /** Why the last one failed. */
  readonly last: string;
}

/** The request that a form's fields make of an operation. */
function requestOf(
  name: string,
  { method, path, parameters, body }: Operation,
  fields: FormData,
): [string, RequestInit] {
  const query = new URLSearchParams();
  const headers = new Headers();
  let place = path;
  for (const { name, in: where } of parameters) {
    const value = String(fields.get(`${where}.${name}`) ?? "");
    if (where === "path") place = place.replace(`{${name}}`, encodeURIComponent(value));
    else if (value !== "" && where === "query") query.append(name, value);
    else if (value !== "") headers.set(name, value);
  }
  const init: RequestInit = { method, headers };
  if (body !== undefined) {
    const file = fields.get("file");
    const type = String(fields.get("type"));
    init.body = file instanceof File && file.size > 0 ? file : String(fields.get("body") ?? "");
    headers.set(
      "content-type",
      file instanceof File && file.type !== "" && file.size > 0
        ? file.type
        : type.includes("*")
          ? "text/plain"
          : type,
    );
  }
  const search = query.size === 0 ? "" : `?${query}`;
  return [`/v1.0/capabilities/${name}${place}${search}`, init];
}

async function shown(response: Response, ms: number, sent: RequestInit["body"]): Promise<Answer> {
  const type = response.headers.get("content-type") ?? "";
  const bytes = await response.blob();
  const line = `${response.status}, ${bytes.size} bytes, ${ms.toFixed(1)} ms`;
  const { ok } = response;
  if (/^image\/(png|jpeg|gif|webp|bmp)/.test(type)) return { ok, line, picture: URL.createObjectURL(bytes) };
  if (/^application\/octet-stream|^image\//.test(type)) return { ok, line: `${line} of ${type}` };
  const text = await bytes.text();
  const found = ok && sent instanceof File ? foundIn(text) : undefined;
  if (found === undefined) return { ok, line, text: pretty(text) };
  return { ok, line, text: pretty(text), marked: { address: URL.createObjectURL(sent as File), found } };
}

/** One operation of a package, as a form made of its description. */
export function OperationForm({ name, operation }: { readonly name: string; readonly operation: Operation }) {
  const answer = useSignal<Answer | undefined>(undefined);
  const endless = useSignal(false);
  const counted = useSignal<Counted>({ answered: 0, failed: 0, last: "" });
  const waiting = useSignal(false);
  const { method, path, parameters, body } = operation;

  async function send(form: HTMLFormElement): Promise<void> {
    waiting.value = true;
    const began = performance.now();
    try {
      const [address, init] = requestOf(name, operation, new FormData(form));
      const response = await fetch(address, init);
      answer.value = await shown(response, performance.now() - began, init.body);
    } catch (error) {
      answer.value = { ok: false, line: textOf(error) };
    }
    waiting.value = false;
  }

  /** Two callers at a time, each without a pause, until it is told to end. */
  async function load(form: HTMLFormElement): Promise<void> {
    endless.value = !endless.value;
    if (!endless.value) return;
    counted.value = { answered: 0, failed: 0, last: "" };
    const again = async () => {
      while (endless.value) {
        const fault = await fetch(...requestOf(name, operation, new FormData(form))).then(
          async (response) => {
            const text = await response.text();
            return response.ok ? undefined : `${response.status}: ${text}`;
          },
          textOf,
        );
        const { answered, failed, last } = counted.value;
        counted.value =
          fault === undefined
            ? { answered: answered + 1, failed, last }
            : { answered, failed: failed + 1, last: fault };
        // Lets the page paint, and be clicked.
        await new Promise((resolve) => setTimeout(resolve));
      }
    };
    await Promise.all([again(), again()]);
  }

  const given = answer.value;
  return (
    <form
      class="operation"
      onSubmit={(event) => {
        event.preventDefault();
        void send(event.currentTarget);
      }}
    >
      <h3>
        <code>
          {method} {path}
        </code>
      </h3>
      {parameters.map(({ name, in: place, required, type }) => (
        <label key={`${place}.${name}`}>
          <span>
            {name}
            {place === "header" && <em> (header)</em>}
          </span>
          <input name={`${place}.${name}`} required={required} placeholder={type ?? ""} autocomplete="off" />
        </label>
      ))}
      {body !== undefined && (
        <>
          <label>
            <span>body</span>
            <textarea name="body" rows={3} />
          </label>
          <label>
            <span>or a file</span>
            <input type="file" name="file" />
          </label>
          <label>
            <span>type</span>
            <select name="type">
              {body.content.map((type) => (
                <option key={type}>{type}</option>
              ))}
            </select>
          </label>
        </>
      )}
      <p class="chips">
        <button type="submit" class="primary" disabled={waiting.value}>
          Call
        </button>
        <button type="button" onClick={({ currentTarget }) => currentTarget.form && load(currentTarget.form)}>
          {endless.value ? "Stop calling" : "Call without a pause"}
        </button>
        {counted.value.answered + counted.value.failed > 0 && (
          <span
            class="hint"
            data-testid="load"
            data-answered={counted.value.answered}
            data-failed={counted.value.failed}
          >
            {counted.value.answered} answered,{" "}
            <b class={counted.value.failed === 0 ? "" : "failure"}>{counted.value.failed} failed</b>
            {counted.value.last !== "" && `, the last one by ${counted.value.last}`}
          </span>
        )}
      </p>
      {given !== undefined && (
        <output>
          <p class={given.ok ? "success" : "failure"}>{given.line}</p>
          {given.marked !== undefined && <MarkedPicture {...given.marked} />}
          {given.text !== undefined && <pre>{given.text}</pre>}
          {given.picture !== undefined && <img src={given.picture} alt="What the package answered" />}
        </output>
      )}
    </form>
  );
}
