/** Words longer than this are cut: nobody types more. */
const LONGEST = 40;

/**
 * The words of a text, in lower case and without accents of Latin letters, in their order. Letters and digits make a word;
 * of Chinese, Japanese and Korean, which put no spaces between words, each character is one.
 */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  let word = "";
  for (let i = 0; i < text.length; i++) {
    const unit = folded(text.charCodeAt(i));
    if (isLetter(unit) && !isAlone(unit)) {
      if (word.length < LONGEST) word += String.fromCharCode(unit);
      continue;
    }
    // An accent that follows its letter belongs to it.
    if (unit >= 0x300 && unit <= 0x36f) continue;
    if (word.length > 0) words.push(word);
    word = "";
    if (isAlone(unit)) words.push(String.fromCharCode(unit));
  }
  if (word.length > 0) words.push(word);
  return words;
}

function isLetter(unit: i32): bool {
  if (unit < 0x80) return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x30 && unit <= 0x39);
  if (unit < 0xc0) return unit == 0xaa || unit == 0xb5 || unit == 0xba;
  if (unit == 0xd7 || unit == 0xf7 || (unit >= 0x300 && unit <= 0x36f)) return false;
  // Punctuation and symbols; what lies beyond are halves of characters, symbols most of them.
  return !(unit >= 0x2000 && unit < 0x2c00) && !(unit >= 0x3000 && unit <= 0x303f) && unit < 0xd800;
}

function isAlone(unit: i32): bool {
  return unit >= 0x3040 && unit < 0xd800;
}

/** Latin letters without their accents, from U+00C0 on; a space stands for what stays as it is. */
const plain =
  "aaaaaa ceeeeiiii nooooo ouuuuy  aaaaaa ceeeeiiii nooooo ouuuuy yaaaaaaccccccccddddeeeeeeeeeegggg" +
  "gggghhhhiiiiiiiiii  jjkk llllll  llnnnnnn   oooooo  rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzz ";

function folded(unit: i32): i32 {
  if (unit < 0x80) return unit >= 0x41 && unit <= 0x5a ? unit | 0x20 : unit;
  const at = unit - 0xc0;
  if (at >= 0 && at < plain.length) {
    const letter = plain.charCodeAt(at);
    if (letter != 0x20) return letter;
    // Of the letters that stay, the capitals of the first row have their small ones 32 further on.
    return unit < 0xdf && unit != 0xd7 ? unit + 32 : unit;
  }
  if (unit >= 0x391 && unit <= 0x3a9) return unit + 32;
  if (unit >= 0x410 && unit <= 0x42f) return unit + 32;
  return unit >= 0x400 && unit <= 0x40f ? unit + 80 : unit;
}
