/** Levels of the host's log, of what is printed: pieces of lines, which end where they say so. */
export const INFO = 5;
export const ERROR = 7;
