import { Image } from "../../guest/image";
import { faces } from "./faces/faces";
import { Found, sorted } from "./found";
import { signs } from "./signs";

/** A face that has so much in common with a sign is the sign: the figures of a speed limit are not unlike one. */
const SAME: f64 = 0.3;

/** What is in a picture, the surest first. */
export function objects(image: Image): Found[] {
  const ofSigns = signs(image);
  const ofFaces = faces(image);
  const found = ofSigns.slice(0);
  for (let i = 0; i < ofFaces.length; i++) {
    let free = true;
    for (let j = 0; j < ofSigns.length && free; j++) free = ofSigns[j].overlap(ofFaces[i]) <= SAME;
    if (free) found.push(ofFaces[i]);
  }
  return sorted(found);
}
