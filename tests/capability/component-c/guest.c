/*
 * A guest of the world of capabilities/wit, in C and by hand: what a generator of bindings would write, without one. It greets by a
 * parameter, counts in the state store, and tells what it was given.
 */
typedef unsigned int u32;
typedef unsigned char u8;

#define EXPORT(name) __attribute__((export_name(name)))
#define HOST(name) __attribute__((import_module("daprlet:capability/host@1.0.0"), import_name(name)))

typedef struct { u8 *at; u32 length; } bytes;
typedef struct { bytes name, value; } pair;
typedef struct { pair *at; u32 length; } pairs;
typedef struct {
  bytes offer, operation, method, path, query;
  pairs fields;
  bytes body;
  pairs config, prepared;
} request;
typedef struct { u32 status; pairs fields; bytes body; } outcome;
typedef struct { bytes store, key; u32 has_etag; bytes etag; } store_key;
typedef struct { store_key at; bytes value; u32 has_ttl, ttl; } state_value;
typedef struct { bytes pubsub, topic; u32 has_type; bytes type; bytes data; } event;
typedef struct { bytes name; pairs fields; bytes body; } other_call;
typedef struct { u32 which; union { store_key key; state_value value; event event; other_call other; } of; u32 padding[0]; } call_head;
typedef union { call_head call; u8 size[48]; } call;
typedef struct {
  u32 which;
  union {
    struct { u32 status; pairs fields; bytes body; } answer;
    struct { u32 status; bytes code, message; } refused;
    struct { call *at; u32 length; } calls;
    struct { u32 there; u32 status; pairs fields; bytes body; } next;
  } of;
} step;

/* What a language's library would ask for. */
#define LIBRARY(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(name)))
LIBRARY("fd_write") int fd_write(int file, const bytes *parts, u32 count, u32 *written);
LIBRARY("environ_sizes_get") int environ_sizes_get(u32 *count, u32 *size);
LIBRARY("clock_time_get") int clock_time_get(int which, unsigned long long precision, unsigned long long *into);

HOST("log") void host_log(u32 level, const u8 *text, u32 length);
HOST("clock") double host_clock(void);
HOST("random") void host_random(u32 count, bytes *into);

/* An allocator that knows what is in use: what is not freed by the end of a call was leaked. */
extern u8 __heap_base;
static u32 top = 0;
static int live = 0;

EXPORT("cabi_realloc") void *cabi_realloc(void *old, u32 old_size, u32 align, u32 size) {
  if (top == 0) top = (u32)&__heap_base;
  if (old_size == 0) live++;
  top = (top + align - 1) & -align;
  u8 *at = (u8 *)top;
  top += size;
  if (top > __builtin_wasm_memory_size(0) << 16 && __builtin_wasm_memory_grow(0, 1) == (u32)-1) __builtin_trap();
  u32 kept = old_size < size ? old_size : size;
  for (u32 i = 0; i < kept; i++) at[i] = ((u8 *)old)[i];
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

static u8 said[2048];
static u32 said_length;
static void say(bytes part) {
  for (u32 i = 0; i < part.length && said_length < sizeof said; i++) said[said_length++] = part.at[i];
}
static void say_pairs(pairs list) {
  for (u32 i = 0; i < list.length; i++) {
    say(list.at[i].name);
    say(text("="));
    say(list.at[i].value);
    say(text(";"));
  }
}

static step result;
static pair headers[1];
static call calls[2];
static u32 posts = 0;

static step *answered(u32 status) {
  headers[0] = (pair){ text("content-type"), text("text/plain") };
  result.which = 0;
  result.of.answer.status = status;
  result.of.answer.fields = (pairs){ headers, 1 };
  result.of.answer.body = (bytes){ said, said_length };
  return &result;
}

EXPORT("daprlet:capability/guest@1.0.0#handle") step *handle(request *asked) {
  said_length = 0;
  host_log(1, asked->operation.at, asked->operation.length);
  if (same(asked->operation, "greet")) {
    say(text("Hello, "));
    for (u32 i = 0; i < asked->fields.length; i++)
      if (same(asked->fields.at[i].name, "name")) say(asked->fields.at[i].value);
    return answered(200);
  }
  if (same(asked->operation, "count")) {
    result.which = 3;
    result.of.calls.at = calls;
    result.of.calls.length = 1;
    calls[0].call.which = 0;
    calls[0].call.of.key = (store_key){ text("statestore"), text("n"), 0, { 0, 0 } };
    return &result;
  }
  if (same(asked->operation, "remember")) {
    headers[0] = (pair){ text("key"), text("k") };
    result.which = 3;
    result.of.calls.at = calls;
    result.of.calls.length = 2;
    calls[0].call.which = 7;
    calls[0].call.of.other = (other_call){ text("actor.state.set"), { headers, 1 }, text("1") };
    calls[1].call.which = 7;
    calls[1].call.of.other = (other_call){ text("actor.state.get"), { headers, 1 }, text("") };
    return &result;
  }
  if (same(asked->operation, "handle-request")) {
    result.which = 1;
    result.of.next.there = same(asked->query, "changed");
    headers[0] = (pair){ text("x-seen"), text("yes") };
    result.of.next.fields = (pairs){ headers, 1 };
    result.of.next.body = text("changed");
    return &result;
  }
  if (same(asked->operation, "posts")) {
    u8 digit = '0' + posts % 10;
    say((bytes){ &digit, 1 });
    return answered(200);
  }
  if (same(asked->operation, "library")) {
    bytes line = text("written");
    u32 written = 0, count = 1, size = 1;
    unsigned long long now = 0;
    int failed = fd_write(1, &line, 1, &written) | environ_sizes_get(&count, &size) | clock_time_get(0, 0, &now);
    return answered(failed || written != 7 || count || size || now != 1000000000ull ? 500 : 200);
  }
  if (same(asked->operation, "random")) {
    bytes chance;
    host_random(4, &chance);
    say(chance);
    return answered(host_clock() == 1000 ? 200 : 500);
  }
  if (same(asked->operation, "tell")) {
    say(asked->offer), say(text(" ")), say(asked->method), say(text(" ")), say(asked->path);
    say(text("?")), say(asked->query), say(text(" ")), say_pairs(asked->fields);
    say(text(" ")), say(asked->body), say(text(" ")), say_pairs(asked->config);
    say(text(" ")), say_pairs(asked->prepared);
    return answered(201);
  }
  result.which = 2;
  result.of.refused.status = 404;
  result.of.refused.code = text("ERR_NO_OPERATION");
  result.of.refused.message = asked->operation;
  return &result;
}

EXPORT("daprlet:capability/guest@1.0.0#resume") step *resume(outcome *results, u32 count) {
  said_length = 0;
  if (count == 1) {
    /* What there was, one more character, and an event of it. */
    u8 *more = cabi_realloc(0, 0, 1, results[0].body.length + 3);
    u32 length = 0;
    if ((results[0].status & 0xffff) == 200)
      for (u32 i = 1; i + 1 < results[0].body.length; i++) more[1 + length++] = results[0].body.at[i];
    more[0] = '"';
    more[++length] = 'I';
    more[++length] = '"';
    bytes value = { more, length + 1 };
    bytes etag = { 0, 0 };
    for (u32 i = 0; i < results[0].fields.length; i++)
      if (same(results[0].fields.at[i].name, "etag")) etag = results[0].fields.at[i].value;
    result.which = 3;
    result.of.calls.at = calls;
    result.of.calls.length = 2;
    calls[0].call.which = 1;
    calls[0].call.of.value = (state_value){ { text("statestore"), text("n"), etag.length > 0, etag }, value, 1, 3600 };
    calls[1].call.which = 4;
    calls[1].call.of.event = (event){ text("pubsub"), text("counted"), 1, text("text/plain"), value };
    return &result;
  }
  for (u32 i = 0; i < count; i++) {
    u32 status = results[i].status & 0xffff;
    u8 digits[] = { '0' + status / 100, '0' + status / 10 % 10, '0' + status % 10, ' ' };
    say((bytes){ digits, 4 });
    for (u32 j = 0; j < results[i].fields.length; j++)
      if (same(results[i].fields.at[j].name, ":error")) say(results[i].fields.at[j].value);
  }
  return answered(200);
}

EXPORT("cabi_post_daprlet:capability/guest@1.0.0#handle") void post_handle(step *of) { (void)of, posts++; }
