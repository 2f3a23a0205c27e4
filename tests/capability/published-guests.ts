import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { RuntimeRequest } from "../../host/http.ts";
import { goModule } from "../go-module.ts";

/** Guests that http-wasm publishes, as they are: in WAT, and by TinyGo. They are read out of Go's module cache. */
const modules = {
  host: ["http-wasm-host-go", "v0.7.0"],
  tinygo: ["http-wasm-guest-tinygo", "v0.4.0"],
} as const;

const folders = new Map<string, string | undefined>();
for (const [name, [module, version]] of Object.entries(modules))
  folders.set(name, await goModule(`github.com/http-wasm/${module}`, version));

export const missing = [...folders].filter(([, folder]) => folder === undefined).map(([name]) => name);

export interface PublishedGuest {
  readonly guest: string;
  readonly does: string;
  readonly given?: Partial<RuntimeRequest>;
  readonly config?: string;
  readonly status: number;
  /** Of the body, or the headers. */
  readonly says: string;
  readonly lines?: readonly string[];
}

const bodyless = { method: "GET", headers: [], body: undefined };
const basic = (value: string) => ({ ...bodyless, headers: ["authorization", value] });

export const published: readonly PublishedGuest[] = [
  { guest: "host/examples/auth.wasm", does: "asks who comes", given: bodyless, status: 401, says: "" },
  {
    guest: "host/examples/auth.wasm",
    does: "knows whom it knows",
    given: basic("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
    status: 201,
    says: "GET /v1.0/hi",
  },
  {
    guest: "host/examples/auth.wasm",
    does: "knows nobody else",
    given: basic("Basic 0"),
    status: 401,
    says: "",
  },
  {
    guest: "host/examples/router.wasm",
    does: "goes on without the head of a path",
    given: { path: "/host/a" },
    status: 201,
    says: "POST /a?name=panda",
  },
  { guest: "host/examples/router.wasm", does: "answers all else", status: 200, says: "hello world" },
  {
    guest: "host/examples/redact.wasm",
    does: "hides a word both ways",
    config: "hello",
    status: 201,
    says: "#####",
  },
  {
    guest: "host/internal/test/testdata/e2e/method.wasm",
    does: "sends the method as the body",
    given: bodyless,
    status: 201,
    says: "POST /v1.0/hi?name=panda\n\nGET",
  },
  {
    guest: "host/internal/test/testdata/e2e/uri.wasm",
    does: "sends the URI as the body",
    status: 201,
    says: "/v1.0/hello?name=teddy",
  },
  {
    guest: "host/internal/test/testdata/e2e/protocol_version.wasm",
    does: "answers the protocol",
    status: 200,
    says: "HTTP/1.1",
  },
  {
    guest: "host/internal/test/testdata/e2e/header_names.wasm",
    does: "checks how names are written",
    status: 201,
    says: "",
  },
  {
    guest: "host/internal/test/testdata/e2e/header_value.wasm",
    does: "sets a header",
    status: 201,
    says: "content-type: text/plain",
  },
  {
    guest: "host/internal/test/testdata/e2e/handle_response.wasm",
    does: "finds its context again",
    status: 201,
    says: "POST",
  },
  {
    guest: "tinygo/examples/router/main.wasm",
    does: "goes on without the head of a path",
    given: { path: "/host/a" },
    status: 201,
    says: "POST /a?name=panda",
  },
  { guest: "tinygo/examples/router/main.wasm", does: "answers all else", status: 200, says: "hello" },
  {
    guest: "tinygo/internal/test/testdata/e2e/tinygo/handle_response/main.wasm",
    does: "finds its context again",
    status: 201,
    says: "43",
  },
  {
    guest: "tinygo/internal/test/testdata/e2e/tinygo/features/main.wasm",
    does: "knows what is enabled",
    status: 200,
    says: "buffer_request|buffer_response",
  },
  {
    guest: "tinygo/internal/test/testdata/e2e/tinygo/log/main.wasm",
    does: "logs before and after",
    status: 201,
    says: "POST",
    lines: ["info: before", "info: after"],
  },
  ...["tinygo/examples/wasi/main.wasm", "host/examples/wasi.wasm"].map((guest) => ({
    guest,
    does: "prints both messages",
    given: bodyless,
    status: 201,
    says: "GET",
    lines: [
      "debug: GET /v1.0/hi?name=panda HTTP/1.1",
      "debug: ",
      "debug: HTTP/1.1 201",
      "debug: content-type: text/plain",
      "debug: x-next: 1",
      "debug: ",
      "debug: GET /v1.0/hi?name=panda",
      "debug: ",
      "debug: ",
    ],
  })),
];

/** The bytes of one, where none is missing. */
export async function publishedBytes(guest: string): Promise<Uint8Array<ArrayBuffer>> {
  const [name = "", ...path] = guest.split("/");
  return new Uint8Array(await readFile(join(folders.get(name) as string, ...path)));
}
