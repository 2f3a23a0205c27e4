import { pageHost } from "./page.ts";
import { apiOn } from "./suites.ts";

apiOn(pageHost({ name: "worker, fetch event", door: "fetch" }));
