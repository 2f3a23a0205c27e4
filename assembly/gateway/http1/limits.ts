/**
 * What is read and written at once. An instance has one request at a time, so one of each is enough.
 *
 *   ┌──────────────────────────────────────┬───────────────────┬────────────────────────────────────────┐
 *   │ INPUT: 64 KiB                        │ ENTRIES: 128 × 16 │ OUTPUT: 100 KiB                        │
 *   │ a head, of at most 32 KiB, or a body │                   │ a head, of at most 32 KiB, then 64 KiB │
 *   └──────────────────────────────────────┴───────────────────┴────────────────────────────────────────┘
 */
export const INPUT_SIZE: usize = 65536;
export const OUTPUT_SIZE: usize = 102400;

/** Bytes that a head may have with all its lines; trailers have as many. */
export const MOST_HEAD: usize = 32768;

/** Fields of a head. */
export const MOST_FIELDS: u32 = 128;

export const MOST_NAME: usize = 256;

/** Interim answers (1xx) that are passed over. */
export const MOST_INTERIM: u32 = 8;

/** Bytes of the extensions of all chunks of a body together. */
export const MOST_EXTENSIONS: u32 = 16384;

export const INPUT: usize = memory.data(65536, 16);
export const OUTPUT: usize = memory.data(102400, 16);

/** The fields of a head as the canonical ABI has `list<tuple<string, list<u8>>>`: pointer and length, twice. */
export const ENTRIES: usize = memory.data(2048, 16);
