/** Pictures: read, written and resized. Apart from the rest of the library, since it is large. */
export { decodeImage, imageFormat } from "./decode";
export { encodeBmp } from "./formats/bmp";
export { encodePng } from "./formats/png-encoder";
export { encodePpm } from "./formats/pnm";
export { encodeQoi } from "./formats/qoi";
export { Image, isSize, MOST_PIXELS } from "./image";
export { resample } from "./resample";
