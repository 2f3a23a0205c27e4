import { pageHost } from "./page.ts";
import { apiOn } from "./suites.ts";

apiOn(pageHost({ name: "worker, shim", door: "shim" }));
