import { daprd } from "./daprd.ts";
import { apiOn } from "./suites.ts";

apiOn(daprd);
