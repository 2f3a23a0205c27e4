import { node } from "./node.ts";
import { apiOn } from "./suites.ts";

apiOn(node);
