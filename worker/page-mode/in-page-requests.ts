import { type Addresses, locate } from "../addresses.ts";
import { inPageEventSource } from "./in-page-event-source.ts";
import { inPageXhr } from "./in-page-xhr.ts";

/**
 * In a page without a service worker the shim is the only door, so the other ways in which scripts send requests lead
 * to it as well: XMLHttpRequest, EventSource, sendBeacon. Answers the way back.
 */
export function installInPageRequests(page: Window & typeof globalThis, addresses: Addresses): () => void {
  const ours = (address: string) =>
    locate(new URL(address, page.document.baseURI), addresses, false) !== undefined;
  const { XMLHttpRequest, EventSource, navigator } = page;
  const { sendBeacon } = navigator;
  const xhr = inPageXhr(page, ours);
  const source = inPageEventSource(page, ours);
  page.XMLHttpRequest = xhr;
  page.EventSource = source;
  navigator.sendBeacon = (url, data) => {
    if (!ours(String(url))) return sendBeacon.call(navigator, url, data);
    void page.fetch(url, { method: "POST", body: data ?? null }).catch(() => undefined);
    return true;
  };
  return () => {
    if (page.XMLHttpRequest === xhr) page.XMLHttpRequest = XMLHttpRequest;
    if (page.EventSource === source) page.EventSource = EventSource;
    Reflect.deleteProperty(navigator, "sendBeacon");
  };
}
