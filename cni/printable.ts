/**
 * Control characters and marks of writing direction, which a terminal or a log viewer obeys instead of showing: a name from
 * a file or an argument may hold any.
 */
const OBEYED =
  // eslint-disable-next-line no-control-regex -- these are what it is about
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** The text with such characters as JSON would have them; line ends stay. What is JSON stays so, with the same meaning. */
export function printable(text: string): string {
  return text.replace(
    OBEYED,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The same in one line. */
export function oneLine(text: string): string {
  return printable(text.replace(/[ \t]*[\r\n]+\s*/g, " "));
}
