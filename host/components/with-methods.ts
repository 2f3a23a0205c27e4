import type { Component } from "./component.ts";

/**
 * The component with `methods` in place of its own; what else it has stays as it is, whatever it is. Its own methods are
 * called on the component itself: its private fields cannot be reached through a proxy.
 */
export function withMethods<C extends Component>(component: C, methods: Partial<C>): C {
  const replaced = new Map<PropertyKey, unknown>(Object.entries(methods));
  const bound = new Map<unknown, unknown>();
  return new Proxy(component, {
    get(target, name) {
      const method = replaced.get(name);
      if (method !== undefined) return method;
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const own = bound.get(value) ?? value.bind(target);
      bound.set(value, own);
      return own;
    },
  });
}
