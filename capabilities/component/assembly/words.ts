/**
 * Names of messages as numbers, eight bytes each, the first byte lowest: this code has no memory of its own to keep text in.
 */
export const OFFER: u64 = 0x726566666f3a; // :offer
export const OPERATION_0: u64 = 0x6974617265706f3a; // :operation
export const OPERATION_1: u64 = 0x6e6f;
export const METHOD: u64 = 0x646f6874656d3a; // :method
export const PATH: u64 = 0x687461703a; // :path
export const QUERY: u64 = 0x79726575713a; // :query
export const BODY: u64 = 0x79646f623a; // :body
export const CONFIG: u64 = 0x6769666e6f633a; // :config
export const STATE: u64 = 0x2e65746174733a; // :state.
export const STATUS: u64 = 0x7375746174733a; // :status
export const NEXT: u64 = 0x7478656e3a; // :next
export const ERROR: u64 = 0x726f7272653a; // :error
export const CALL: u64 = 0x6c6c61633a; // :call
export const STORE: u64 = 0x65726f7473; // store
export const KEY: u64 = 0x79656b; // key
export const ETAG: u64 = 0x67617465; // etag
export const TTL: u64 = 0x6c7474; // ttl
export const PUBSUB: u64 = 0x627573627570; // pubsub
export const TOPIC: u64 = 0x6369706f74; // topic
export const APP: u64 = 0x707061; // app
export const APP_METHOD: u64 = 0x646f6874656d; // method
export const URL: u64 = 0x6c7275; // url
export const TYPE_0: u64 = 0x2d746e65746e6f63; // content-type
export const TYPE_1: u64 = 0x65707974;
export const TRUE: u64 = 0x65757274; // true
export const STATE_GET_0: u64 = 0x65672e6574617473; // state.get
export const STATE_GET_1: u64 = 0x74;
export const STATE_SET_0: u64 = 0x65732e6574617473; // state.set
export const STATE_SET_1: u64 = 0x74;
export const STATE_DELETE_0: u64 = 0x65642e6574617473; // state.delete
export const STATE_DELETE_1: u64 = 0x6574656c;
export const STATE_TRANSACTION_0: u64 = 0x72742e6574617473; // state.transaction
export const STATE_TRANSACTION_1: u64 = 0x6f69746361736e61;
export const STATE_TRANSACTION_2: u64 = 0x6e;
export const PUBLISH: u64 = 0x6873696c627570; // publish
export const INVOKE: u64 = 0x656b6f766e69; // invoke
export const FETCH: u64 = 0x6863746566; // fetch
export const PATH_FIELD: u64 = 0x68746170; // path
export const SIDECAR: u64 = 0x72616365646973; // sidecar
export const HOST: u64 = 0x74736f68; // host

/** The first eight bytes of a text, or all of a shorter one. */
export function packed(at: usize, length: i32): u64 {
  let word: u64 = 0;
  for (let i: i32 = min(length, 8) - 1; i >= 0; i--) word = (word << 8) | load<u8>(at + i);
  return word;
}

/** How many bytes a word has that is shorter than eight, or eight. */
export function lengthOf(word: u64): i32 {
  return 8 - <i32>(clz(word) >> 3);
}

/** Whether a text is this one, of up to sixteen bytes. */
export function isText(at: usize, length: i32, first: u64, second: u64 = 0): bool {
  const size = second == 0 ? lengthOf(first) : 8 + lengthOf(second);
  if (length != size || packed(at, length) != first) return false;
  return second == 0 || packed(at + 8, length - 8) == second;
}
