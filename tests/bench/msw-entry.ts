/** The page of the comparison: the same answer, made by Mock Service Worker. */
import { HttpResponse, http } from "msw";
import { setupWorker } from "msw/browser";

const value = { name: "a name", count: 12, list: [1, 2, 3] };
const worker = setupWorker(http.get("/v1.0/state/:store/:key", () => HttpResponse.json(value)));

Object.assign(window, {
  started: worker.start({ quiet: true, serviceWorker: { url: "./mockServiceWorker.js" } }),
});
