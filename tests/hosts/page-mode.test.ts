import { pageHost } from "./page.ts";
import { apiOn } from "./suites.ts";

apiOn(pageHost({ name: "page mode", door: "page" }));
