// Writes assembly/faces/weights.ts from the cascade of a published package: `node capabilities/detect/training/face-cascade.mjs`
// (python3 with pip; a folder of its own, which is removed).
import { writeFileSync } from "node:fs";
import { fromPackage } from "./from-package.mjs";

const SOURCE = {
  package: "opencv-python-headless==4.10.0.84",
  file: "cv2/data/haarcascade_frontalface_alt2.xml",
};
const LINE = 116;

const xml = fromPackage(SOURCE.package, SOURCE.file).toString("utf8");
const out = new URL("../assembly/faces/weights.ts", import.meta.url).pathname;

const inside = (text, tag) =>
  [...text.matchAll(new RegExp(`<${tag}>([^<]*)</${tag}>`, "g"))].map((m) => m[1]);
const numbers = (text) => text.trim().split(/\s+/).map(Number);

const [, stagesXml, featuresXml] = xml.match(/<stages>([\s\S]*)<\/stages>\s*<features>([\s\S]*)<\/features>/);
const counts = inside(stagesXml, "maxWeakCount").map(Number);
const sums = inside(stagesXml, "stageThreshold").map(Number);
const nodes = inside(stagesXml, "internalNodes").map(numbers);
const leaves = inside(stagesXml, "leafValues").map(numbers);
const features = [...featuresXml.matchAll(/<rects>([\s\S]*?)<\/rects>/g)].map(([, rects]) =>
  inside(rects, "_").map(numbers),
);

/** A node's rectangles, after a byte that says how many they are, whether the second counts three times, and which side goes on. */
function shape(feature, goesOnAbove) {
  const [, second] = feature;
  const head = feature.length | (second[4] === 3 ? 4 : 0) | (goesOnAbove ? 8 : 0);
  return [head, ...feature.flatMap((rectangle) => rectangle.slice(0, 4))];
}

const shapes = [];
const thresholds = [];
nodes.forEach(([below, , root, threshold, , , child, second]) => {
  // Two nodes and three leaves: a root with a leaf on one of its sides, and a node with two on the other.
  shapes.push(...shape(features[root], below === 0), ...shape(features[child], false));
  thresholds.push(threshold, second);
});

const ordered = leaves.flat().map((value) => Math.round(value * 32_767));
const short = (value) => String(Number(value.toPrecision(5)));

function table(name, type, summary, values) {
  const lines = [""];
  for (const value of values) {
    const next = `${lines.at(-1)}${lines.at(-1) === "" ? "" : " "}${value},`;
    if (next.length > LINE) lines.push(`${value},`);
    else lines[lines.length - 1] = next;
  }
  return `/** ${summary} */\nexport const ${name}: StaticArray<${type}> = [\n${lines.join("\n")}\n];\n`;
}

const notice = xml.match(/<!--([\s\S]*?)-->/)[1].trim();
writeFileSync(
  out,
  [
    `// Written by training/face-cascade.mjs from ${SOURCE.file} of ${SOURCE.package}, whose notice is:`,
    `/*\n${notice}\n*/\n`,
    table("treesOf", "u8", "Of each stage, how many trees.", counts),
    table("sumsOf", "f32", "Of each stage, the sum of its trees that is too little.", sums.map(short)),
    table("shapes", "u8", "Of each node its head and its rectangles: x, y, width, height.", shapes),
    table("thresholds", "f32", "Of each node.", thresholds.map(short)),
    table("leaves", "i16", "Of each tree three, where 32767 is one.", ordered),
  ].join("\n"),
);
const bytes = counts.length * 5 + shapes.length + thresholds.length * 4 + ordered.length * 2;
console.log(`${counts.length} stages, ${nodes.length} trees, ${bytes} bytes`);
