// The words of the page in Korean and English. `t("speak")` gives the one for the chosen language.

import ko from "moksori/words/ko.js";
import en from "moksori/words/en.js";
import why from "moksori/words/why.js";
import { kept } from "moksori/kept.js";

const TABLES = { ko, en };

export function language() {
  const chosen = kept("language");
  return chosen in TABLES ? chosen : navigator.language?.startsWith("ko") ? "ko" : "en";
}

export function t(key, values = {}) {
  const words = TABLES[language()][key] ?? TABLES.en[key];
  if (words === undefined) throw new Error(`no words for ${key}`);
  return words.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** The words for something that others name: theirs where we have none of our own. */
export const named = (key, theirs) => (key in TABLES[language()] ? t(key) : theirs);

/** What a mark or an error of that code means, in the language of the page; the numbers are those of the server's sentence. */
export function because(code, theirs) {
  if (language() !== "ko" || !(code in why)) return theirs;
  const numbers = theirs.match(/-?\d[\d.,]*%?/g) ?? [];
  return why[code].replace(/\{(\d)\}/g, (_, n) => (numbers[n] ?? "").replace(/[.,]$/, ""));
}
