import { setFlagsFromString } from "node:v8";

/**
 * Has V8 make every object young from now on. It takes what a request is kept in for lasting when the first few of it outlive
 * a collection, makes all further ones old, and each of those then keeps what its request made until the next large collection.
 * Not before a sidecar has started: V8 throws away what Node has compiled of itself ahead when its flags are others.
 */
export function keepYoung(): void {
  setFlagsFromString("--no-allocation-site-pretenuring");
}
