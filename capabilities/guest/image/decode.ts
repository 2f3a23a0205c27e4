import { decodeBmp, isBmp } from "./formats/bmp";
import { decodeJpeg, isJpeg } from "./formats/jpeg";
import { decodePng, isPng } from "./formats/png";
import { decodePnm, isPnm } from "./formats/pnm";
import { decodeQoi, isQoi } from "./formats/qoi";
import { Image } from "./image";

/** What a picture's first bytes say it is: `png`, `jpeg`, `bmp`, `qoi`, `ppm`; nothing where they say something else. */
export function imageFormat(bytes: Uint8Array): string {
  if (isPng(bytes)) return "png";
  if (isJpeg(bytes)) return "jpeg";
  if (isBmp(bytes)) return "bmp";
  if (isQoi(bytes)) return "qoi";
  return isPnm(bytes) ? "ppm" : "";
}

/** A picture of a format, or null where it is broken, of a kind that is not read, or too large. */
export function decodeImage(bytes: Uint8Array, format: string): Image | null {
  if (format == "png") return decodePng(bytes);
  if (format == "jpeg") return decodeJpeg(bytes);
  if (format == "bmp") return decodeBmp(bytes);
  return format == "qoi" ? decodeQoi(bytes) : decodePnm(bytes);
}
