/* The package `hello` in C, without a library: what ABI version 1 asks of a guest, and no more. */
#include <stddef.h>
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name)))

enum { INBOX = 64 * 1024, REQUEST = 1, ANSWER = 2 };

static uint8_t inbox[INBOX];
static uint8_t outbox[INBOX + 256];

typedef struct {
  const uint8_t *at;
  uint32_t length;
} Span;

static int same(Span span, const char *text) {
  uint32_t i = 0;
  while (i < span.length && text[i] != 0 && span.at[i] == (uint8_t)text[i]) i++;
  return i == span.length && text[i] == 0;
}

static uint32_t word(const uint8_t *at) {
  return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint8_t *put_word(uint8_t *at, uint32_t value) {
  for (int i = 0; i < 4; i++) *at++ = (uint8_t)(value >> 8 * i);
  return at;
}

static uint8_t *put_text(uint8_t *at, const char *text) {
  while (*text != 0) *at++ = (uint8_t)*text++;
  return at;
}

static uint32_t length_of(const char *text) {
  uint32_t length = 0;
  while (text[length] != 0) length++;
  return length;
}

/* A field whose value is to follow. */
static uint8_t *put_name(uint8_t *at, const char *name, uint32_t value_length) {
  at = put_text(put_word(at, length_of(name)), name);
  return put_word(at, value_length);
}

static Span take(const uint8_t **at, const uint8_t *end) {
  if (end - *at < 4) __builtin_trap();
  Span span = {*at + 4, word(*at)};
  if (span.length > (uint32_t)(end - span.at)) __builtin_trap();
  *at = span.at + span.length;
  return span;
}

EXPORT("cap_abi_version") int32_t cap_abi_version(void) { return 1; }

EXPORT("cap_alloc") uint8_t *cap_alloc(int32_t size) {
  return size < 0 || size > INBOX ? NULL : inbox;
}

EXPORT("cap_handle") uint64_t cap_handle(const uint8_t *at, int32_t length) {
  const uint8_t *end = at + length;
  if (at != inbox || length < 8 || length > INBOX || word(at) != REQUEST) __builtin_trap();
  Span name = {(const uint8_t *)"world", 5};
  uint32_t count = word(at + 4);
  at += 8;
  for (uint32_t i = 0; i < count; i++) {
    Span key = take(&at, end);
    Span value = take(&at, end);
    if (same(key, "name") && value.length > 0) name = value;
  }

  uint8_t *out = put_word(put_word(outbox, ANSWER), 3);
  out = put_text(put_name(out, ":status", 3), "200");
  out = put_text(put_name(out, "content-type", 25), "text/plain; charset=utf-8");
  out = put_name(out, ":body", name.length + 9);
  out = put_text(out, "Hello, ");
  for (uint32_t i = 0; i < name.length; i++) *out++ = name.at[i];
  out = put_text(out, "!\n");
  return (uint64_t)(uintptr_t)outbox << 32 | (uint64_t)(out - outbox);
}
