/** A well-formed W3C traceparent (Trace Context §3.2): no version `ff`, no identifier of zeros. */
export const wellFormedTraceparent =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
