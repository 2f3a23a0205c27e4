import { inProcess } from "./in-process.ts";
import { apiOn } from "./suites.ts";

apiOn(inProcess);
