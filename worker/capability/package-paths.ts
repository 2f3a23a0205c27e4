import { INTERNAL } from "../messages.ts";

/** Where pages add packages, below the scope: PUT of a form, DELETE with the name behind it. */
export const PACKAGES_PATH = `${INTERNAL}capabilities`;
/** Of the form's parts, those that are files: this, and the path. */
export const FILE_PART = "file:";
/** Why none is taken away. */
export const noPackage = (name: string) => `no page added a package ${name}`;
