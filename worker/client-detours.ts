import { type Addresses, locate } from "./addresses.ts";
import { INTERNAL } from "./messages.ts";

/** What the page's globals are asked and given here; a test hands in a window of its own. */
type PageWindow = Window &
  typeof globalThis & { fetchLater?: (input: RequestInfo | URL, init?: RequestInit) => unknown };

/**
 * What browsers route around a service worker, as far as script can reach it: links, forms, frames and windows that
 * name localhost, or the API outside the worker's scope, are led to the same request below that scope; synchronous XHR and fetchLater fail with a
 * sentence, where they would otherwise leave the machine or hit whatever listens there. Answers the way back.
 */
export function installDetours(
  page: PageWindow,
  addresses: () => Addresses,
  /** False where the runtime is in the page, and navigations cannot be answered. */
  worker: boolean,
): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  const ours = (input: unknown) => {
    try {
      return locate(new URL(String(input), page.document.baseURI), addresses(), false);
    } catch {
      return undefined;
    }
  };
  let blank: string | undefined;
  /** Shown where there is no worker, in place of a static server's page that would be taken for the answer. */
  const sentence = () => {
    const text =
      "daprlet: the runtime runs in the page, because it has no service worker, so only fetch() and XMLHttpRequest of its scripts are answered; a link, form or frame is not";
    blank ??= page.URL.createObjectURL(new page.Blob([text], { type: "text/plain" }));
    return blank;
  };
  /** Where an address leads instead that is the sidecar's, and whose navigation no worker would be asked about. */
  const detour = (address: string): string | undefined => {
    const to = addresses();
    let url: URL;
    try {
      url = new URL(address, page.document.baseURI);
    } catch {
      return undefined;
    }
    const inScope = url.origin === to.origin && url.pathname.startsWith(to.scopePath);
    if ((inScope && worker) || locate(url, to, false) === undefined) return undefined;
    if (!worker) return sentence();
    return `${to.origin}${to.scopePath}${INTERNAL}at${url.pathname}${url.search}${url.hash}`;
  };

  page.addEventListener(
    "click",
    (event) => {
      const [target] = event.composedPath();
      const link = target instanceof page.Element ? target.closest("a[href], area[href]") : null;
      const to =
        link instanceof page.HTMLAnchorElement || link instanceof page.HTMLAreaElement
          ? detour(link.href)
          : undefined;
      if (to !== undefined) link?.setAttribute("href", to);
    },
    { capture: true, signal },
  );
  const leadForm = (form: HTMLFormElement, button: HTMLElement | null) => {
    const own = button?.getAttribute("formaction");
    const to = detour(own ?? form.getAttribute("action") ?? "");
    if (to === undefined) return;
    if (own != null) button?.setAttribute("formaction", to);
    else form.setAttribute("action", to);
  };
  page.addEventListener(
    "submit",
    (event) => {
      if (event.target instanceof page.HTMLFormElement) leadForm(event.target, event.submitter);
    },
    { capture: true, signal },
  );
  const forms = page.HTMLFormElement.prototype;
  const { submit } = forms;
  // Called by script it raises no event.
  forms.submit = function (this: HTMLFormElement) {
    leadForm(this, null);
    submit.call(this);
  };
  const openWindow = page.open;
  page.open = (address, ...rest) =>
    openWindow.call(page, address === undefined ? address : (detour(String(address)) ?? address), ...rest);
  // `location.href = …`, where the browser tells of it.
  page.navigation?.addEventListener(
    "navigate",
    (event) => {
      const to = event.cancelable && !event.formData ? detour(event.destination.url) : undefined;
      if (to === undefined) return;
      event.preventDefault();
      page.location[event.navigationType === "replace" ? "replace" : "assign"](to);
    },
    { signal },
  );
  // A frame navigates the moment that it has both a document and an address: the address is changed before.
  const frames = page.HTMLIFrameElement.prototype;
  const source = Object.getOwnPropertyDescriptor(frames, "src") as PropertyDescriptor;
  const { setAttribute } = page.Element.prototype;
  Object.defineProperty(frames, "src", {
    ...source,
    set(this: HTMLIFrameElement, to: string) {
      source.set?.call(this, detour(to) ?? to);
    },
  });
  frames.setAttribute = function (this: HTMLIFrameElement, name: string, to: string) {
    setAttribute.call(this, name, (name.toLowerCase() === "src" ? detour(to) : undefined) ?? to);
  };
  // One that the parser or innerHTML made has begun already; it is led away all the same.
  const lead = (frame: HTMLIFrameElement) => {
    const to = frame.src === "" ? undefined : detour(frame.src);
    if (to !== undefined) frame.src = to;
  };
  const observer = new page.MutationObserver((records) => {
    for (const { target, addedNodes } of records) {
      if (target instanceof page.HTMLIFrameElement) lead(target);
      for (const node of addedNodes) {
        if (node instanceof page.HTMLIFrameElement) lead(node);
        else if (node instanceof page.Element) node.querySelectorAll("iframe").forEach(lead);
      }
    }
  });
  observer.observe(page.document, { subtree: true, childList: true, attributeFilter: ["src"] });
  page.document.querySelectorAll("iframe").forEach(lead);

  const { open } = page.XMLHttpRequest.prototype;
  page.XMLHttpRequest.prototype.open = function (this: XMLHttpRequest, ...given: unknown[]) {
    if (given.length > 2 && !given[2] && ours(given[1]) !== undefined) {
      throw new DOMException(
        "daprlet: a synchronous XMLHttpRequest goes past the service worker, so the sidecar cannot answer it; use fetch() or an asynchronous one",
        "NetworkError",
      );
    }
    return (open as (...rest: unknown[]) => void).apply(this, given);
  };
  const { fetchLater } = page;
  if (fetchLater !== undefined) {
    page.fetchLater = (input, init) => {
      if (ours(input instanceof Request ? input.url : input) !== undefined) {
        throw new DOMException(
          "daprlet: fetchLater goes past the service worker, so the sidecar cannot answer it; use fetch() or navigator.sendBeacon()",
          "NetworkError",
        );
      }
      return fetchLater.call(page, input, init);
    };
  }
  return () => {
    stop.abort();
    observer.disconnect();
    if (blank !== undefined) page.URL.revokeObjectURL(blank);
    Object.defineProperty(frames, "src", source);
    Reflect.deleteProperty(frames, "setAttribute");
    forms.submit = submit;
    page.open = openWindow;
    page.XMLHttpRequest.prototype.open = open;
    if (fetchLater !== undefined) page.fetchLater = fetchLater;
  };
}
