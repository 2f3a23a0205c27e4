import { Writer } from "./writer";

/** A call that a step asks the host for. The host makes it if the package was granted it. */
export class Call {
  /** @internal */
  readonly writer: Writer = new Writer();

  constructor(name: string) {
    this.writer.text(":call", name);
  }

  static stateGet(store: string, key: string): Call {
    return new Call("state.get").with("store", store).with("key", key);
  }

  /** A value is JSON or text; bytes go into base64. */
  static stateSet(store: string, key: string, value: Uint8Array): Call {
    return new Call("state.set").with("store", store).with("key", key).body(value);
  }

  static stateDelete(store: string, key: string): Call {
    return new Call("state.delete").with("store", store).with("key", key);
  }

  /** Operations as JSON, in the form of Dapr's state transactions. */
  static stateTransaction(store: string, operations: string): Call {
    return new Call("state.transaction").with("store", store).text(operations);
  }

  /** Items whose keys begin so, `limit` of them at most: `with("token", …)` goes on where a page ended. */
  static stateScan(store: string, prefix: string, limit: i32): Call {
    return new Call("state.scan").with("store", store).with("prefix", prefix).with("limit", limit.toString());
  }

  static publish(pubsub: string, topic: string, data: Uint8Array): Call {
    return new Call("publish").with("pubsub", pubsub).with("topic", topic).body(data);
  }

  /** A method of an app, by its path. */
  static invoke(app: string, method: string, verb: string = "GET"): Call {
    return new Call("invoke").with("app", app).with("method", method).with(":method", verb);
  }

  static fetch(url: string, verb: string = "GET"): Call {
    return new Call("fetch").with("url", url).with(":method", verb);
  }

  /** Of an app: any request of its sidecar's API, such as `/v1.0/metadata`. */
  static sidecar(path: string, verb: string = "GET"): Call {
    return new Call("sidecar").with("path", path).with(":method", verb);
  }

  /** A further field: `etag`, `ttl`, a header. */
  with(name: string, value: string): Call {
    this.writer.text(name, value);
    return this;
  }

  body(value: Uint8Array): Call {
    this.writer.bytes(":body", value);
    return this;
  }

  text(value: string): Call {
    this.writer.text(":body", value);
    return this;
  }
}
