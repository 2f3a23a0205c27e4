/*
 * A web server for wasi:http, in C and by hand, as a generator of bindings would have it: it answers by path, reads bodies, sets
 * headers, and calls its sidecar at localhost:3500 as any app does, blocking.
 */
typedef unsigned int u32;
typedef unsigned char u8;
typedef unsigned long long u64;

#define EXPORT(name) __attribute__((export_name(name)))
#define TYPES(name) __attribute__((import_module("wasi:http/types@0.2.12"), import_name(name)))
#define STREAMS(name) __attribute__((import_module("wasi:io/streams@0.2.12"), import_name(name)))
#define POLL(name) __attribute__((import_module("wasi:io/poll@0.2.12"), import_name(name)))

typedef struct { u8 *at; u32 length; } bytes;
typedef struct { u32 which; bytes text; } variant;
typedef struct { bytes *at; u32 length; } list;
typedef struct { u32 *at; u32 length; } indices;
typedef struct { u32 failed; u32 handle; } opened;
typedef struct { u32 failed; bytes data; } chunk;
typedef struct { u32 failed; u32 padding; u64 value; } number;

TYPES("[constructor]fields") u32 fields_new(void);
TYPES("[method]fields.append") void fields_append(u32 self, const u8 *, u32, const u8 *, u32, u8 *ret);
TYPES("[method]fields.set") void fields_set(u32 self, const u8 *, u32, bytes *list, u32 count, u8 *ret);
TYPES("[method]fields.get") void fields_get(u32 self, const u8 *, u32, list *ret);
TYPES("[method]incoming-request.method") void request_method(u32 self, variant *ret);
TYPES("[method]incoming-request.path-with-query") void request_path(u32 self, variant *ret);
TYPES("[method]incoming-request.headers") u32 request_headers(u32 self);
TYPES("[method]incoming-request.consume") void request_consume(u32 self, opened *ret);
TYPES("[method]incoming-body.stream") void body_stream(u32 self, opened *ret);
TYPES("[constructor]outgoing-response") u32 response_new(u32 headers);
TYPES("[method]outgoing-response.set-status-code") u32 response_status(u32 self, u32 code);
TYPES("[method]outgoing-response.body") void response_body(u32 self, opened *ret);
TYPES("[static]response-outparam.set") void outparam_set(u32, u32, u32, u32, u64, u32, u32, u32, u32);
TYPES("[method]outgoing-body.write") void body_write(u32 self, opened *ret);
TYPES("[static]outgoing-body.finish") void body_finish(u32 self, u32 has, u32 trailers, u8 *ret);
TYPES("[constructor]outgoing-request") u32 call_new(u32 headers);
TYPES("[method]outgoing-request.set-method") u32 call_method(u32 self, u32 which, const u8 *, u32);
TYPES("[method]outgoing-request.set-path-with-query") u32 call_path(u32 self, u32 there, const u8 *, u32);
TYPES("[method]outgoing-request.set-authority") u32 call_authority(u32 self, u32 there, const u8 *, u32);
TYPES("[method]outgoing-request.body") void call_body(u32 self, opened *ret);
TYPES("[method]future-incoming-response.subscribe") u32 future_subscribe(u32 self);
TYPES("[method]future-incoming-response.get") void future_get(u32 self, u8 *ret);
TYPES("[method]incoming-response.status") u32 answer_status(u32 self);
TYPES("[method]incoming-response.consume") void answer_consume(u32 self, opened *ret);
__attribute__((import_module("wasi:http/outgoing-handler@0.2.12"), import_name("handle"))) void
send(u32 request, u32 has, u32 options, number *ret);
STREAMS("[method]input-stream.blocking-read") void stream_read(u32 self, u64 most, chunk *ret);
STREAMS("[method]output-stream.blocking-write-and-flush") void stream_write(u32 self, const u8 *, u32, chunk *ret);
STREAMS("[resource-drop]output-stream") void stream_drop(u32 self);
__attribute__((import_module("wasi:clocks/monotonic-clock@0.2.12"), import_name("subscribe-duration"))) u32
timer(u64 time);
POLL("[method]pollable.block") void block(u32 self);
POLL("poll") void poll(const u32 *, u32, indices *ret);

extern u8 __heap_base;
static u32 top = 0;

EXPORT("cabi_realloc") void *cabi_realloc(void *old, u32 old_size, u32 align, u32 size) {
  if (top == 0) top = (u32)&__heap_base;
  top = (top + align - 1) & -align;
  u8 *at = (u8 *)top;
  top += size;
  while (top > __builtin_wasm_memory_size(0) << 16)
    if (__builtin_wasm_memory_grow(0, 1) == (u32)-1) __builtin_trap();
  for (u32 i = 0; i < (old_size < size ? old_size : size); i++) at[i] = ((u8 *)old)[i];
  return at;
}

static u32 length_of(const char *text) {
  u32 length = 0;
  while (text[length]) length++;
  return length;
}
static bytes text(const char *from) { return (bytes){ (u8 *)from, length_of(from) }; }
static int same(bytes a, const char *b) {
  if (a.length != length_of(b)) return 0;
  for (u32 i = 0; i < a.length; i++) if (a.at[i] != (u8)b[i]) return 0;
  return 1;
}

static bytes read_all(u32 body) {
  opened stream;
  body_stream(body, &stream);
  bytes whole = { 0, 0 };
  for (;;) {
    chunk part;
    stream_read(stream.handle, 70, &part);
    if (part.failed) return whole;
    whole.at = cabi_realloc(whole.at, whole.length, 1, whole.length + part.data.length);
    for (u32 i = 0; i < part.data.length; i++) whole.at[whole.length + i] = part.data.at[i];
    whole.length += part.data.length;
  }
}

static void write_all(u32 body, bytes data) {
  opened stream;
  chunk ignored;
  u8 done[64];
  body_write(body, &stream);
  for (u32 at = 0; at < data.length; at += 4096)
    stream_write(stream.handle, data.at + at, data.length - at > 4096 ? 4096 : data.length - at, &ignored);
  stream_drop(stream.handle);
  body_finish(body, 0, 0, done);
}

/* Asks, and answers the future. */
static u32 ask(u32 which, const char *path, const char *authority, bytes content) {
  u8 done;
  u32 headers = fields_new();
  if (content.length) fields_append(headers, (u8 *)"Content-Type", 12, (u8 *)"application/json", 16, &done);
  u32 request = call_new(headers);
  opened body;
  number future;
  call_method(request, which, 0, 0);
  call_path(request, 1, (u8 *)path, length_of(path));
  call_authority(request, 1, (u8 *)authority, length_of(authority));
  call_body(request, &body);
  send(request, 0, 0, &future);
  if (content.length) write_all(body.handle, content);
  return (u32)future.value;
}

/* Waits in a frame of its own, with something on its stack. */
__attribute__((noinline)) static bytes answer_of(u32 future, u32 *status) {
  volatile u32 kept = future * 3;
  u8 result[40];
  block(future_subscribe(future));
  future_get(future, result);
  if (kept != future * 3 || !result[0] || result[8] || result[16]) __builtin_trap();
  u32 response = *(u32 *)(result + 24);
  *status = answer_status(response);
  opened body;
  answer_consume(response, &body);
  return read_all(body.handle);
}

static const char *sidecar = "localhost:3500";

EXPORT("wasi:http/incoming-handler@0.2.12#handle") void handle(u32 request, u32 out) {
  variant method, path;
  u8 done;
  request_method(request, &method);
  request_path(request, &path);
  u32 status = 200;
  bytes answer = { 0, 0 };
  opened body;
  if (same(path.text, "/dapr/subscribe")) {
    answer = text("[{\"pubsubname\":\"pubsub\",\"topic\":\"orders\",\"route\":\"/orders\"}]");
  } else if (same(path.text, "/echo?x=1")) {
    request_consume(request, &body);
    answer = read_all(body.handle);
    list found;
    fields_get(request_headers(request), (u8 *)"X-Mine", 6, &found);
    status = method.which == 3 && found.length == 1 && same(found.at[0], "yes") ? 201 : 500;
  } else if (same(path.text, "/orders")) {
    request_consume(request, &body);
    bytes event = read_all(body.handle);
    bytes state = { cabi_realloc(0, 0, 1, event.length + 64), 0 };
    const char *begin = "[{\"key\":\"last\",\"value\":", *end = "}]";
    for (u32 i = 0; begin[i]; i++) state.at[state.length++] = begin[i];
    for (u32 i = 0; i < event.length; i++) state.at[state.length++] = event.at[i];
    for (u32 i = 0; end[i]; i++) state.at[state.length++] = end[i];
    answer_of(ask(2, "/v1.0/state/statestore", sidecar, state), &status);
    status = status == 204 ? 200 : 500;
  } else if (same(path.text, "/last")) {
    answer = answer_of(ask(0, "/v1.0/state/statestore/last", sidecar, answer), &status);
  } else if (same(path.text, "/both")) {
    /* Two at a time, one that is waited for first. */
    u32 one = ask(0, "/v1.0/healthz", sidecar, answer);
    u32 two = ask(0, "/v1.0/metadata?x=y", "127.0.0.1:3500", answer);
    u32 pollables[3] = { future_subscribe(one), timer(1), future_subscribe(two) };
    indices ready;
    poll(pollables, 3, &ready);
    u32 first, second;
    answer_of(one, &first);
    answer = answer_of(two, &second);
    status = ready.length == 3 && ready.at[2] == 2 && first == 204 && second == 200 ? 200 : 500;
  } else if (same(path.text, "/later")) {
    /* Asked, and not waited for. */
    ask(2, "/v1.0/state/statestore", sidecar, text("[{\"key\":\"later\",\"value\":1}]"));
  } else if (same(path.text, "/outside")) {
    answer = answer_of(ask(0, "/x", "example.com", answer), &status);
  } else if (same(path.text, "/large")) {
    answer = (bytes){ cabi_realloc(0, 0, 1, 200000), 200000 };
    for (u32 i = 0; i < answer.length; i++) answer.at[i] = 'a' + i % 26;
  } else if (same(path.text, "/none")) {
    return;
  } else {
    status = 404;
  }
  u32 headers = fields_new();
  bytes type = text("text/plain");
  fields_set(headers, (u8 *)"content-type", 12, &type, 1, &done);
  fields_append(headers, (u8 *)"Set-Cookie", 10, (u8 *)"a=1", 3, &done);
  fields_append(headers, (u8 *)"Set-Cookie", 10, (u8 *)"b=2", 3, &done);
  u32 response = response_new(headers);
  response_status(response, status);
  response_body(response, &body);
  outparam_set(out, 0, response, 0, 0, 0, 0, 0, 0);
  if (answer.length) write_all(body.handle, answer);
}
