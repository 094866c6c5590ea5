import { columnWord } from "../server/query";
import { isNumeric, isTime, type ColumnInfo } from "../server/tables";

export interface Option {
  /** What is put in. */
  text: string;
  /** What it is: a column's type, or what an operator does. */
  note: string;
}

export interface Completion {
  /** What of the text is replaced. */
  from: number;
  to: number;
  options: Option[];
}

const ORDERED: Option[] = [
  { text: "=", note: "is" },
  { text: "<>", note: "is not" },
  { text: "<", note: "below" },
  { text: "<=", note: "at most" },
  { text: ">", note: "above" },
  { text: ">=", note: "at least" },
  { text: "between", note: "x and y, both included" },
  { text: "in (", note: "one of" },
  { text: "is null", note: "has no value" },
  { text: "is not null", note: "has a value" },
];
const PATTERNS: Option[] = [{ text: "like '", note: "% any text, _ a character" }];
const TRUTH: Option[] = [
  { text: "is true", note: "" },
  { text: "is false", note: "" },
  { text: "is null", note: "has no value" },
];
const LOGIC: Option[] = [
  { text: "and", note: "both" },
  { text: "or", note: "either" },
];
const NOT: Option = { text: "not", note: "the opposite" };

const TOKEN = /'(?:[^']|'')*'?|"(?:[^"]|"")*"?|[A-Za-z_][\w.]*|\d[\w.]*|<>|[<>!=]=?|\S/g;
const LOGIC_WORD = /^(and|or|not)$/i;
const COMPARES = /^(=|==|<>|!=|<|<=|>|>=|like|in|between|\+|-|\*|\/|%|,)$/i;

function operatorsOf(type: string): Option[] {
  if (type === "bool") return TRUTH;
  return isNumeric(type) || isTime(type) ? ORDERED : [...ORDERED, ...PATTERNS];
}

function literalsOf(type: string | undefined): Option[] {
  if (type === undefined || isNumeric(type)) return [];
  return isTime(type) ? [{ text: "'2001-01-31 10:00'", note: "UTC" }] : [{ text: "'", note: "text" }];
}

/** What may stand at the caret, as far as the words before it tell. */
export function complete(text: string, caret: number, columns: readonly ColumnInfo[]): Completion {
  const before = text.slice(0, caret);
  const tokens = [...before.matchAll(TOKEN)];
  const last = tokens.at(-1);
  if (last !== undefined && /^'([^']|'')*$/.test(last[0])) return { from: caret, to: caret, options: [] };
  const isOpen = last !== undefined && last.index + last[0].length === caret && /^["\w]/.test(last[0]);
  const word = isOpen ? last[0] : "";
  const from = isOpen ? last.index : caret;
  const words = (isOpen ? tokens.slice(0, -1) : tokens).map((token) => token[0]);
  const options = optionsAfter(words, columns).filter((option) => matches(option.text, word));
  return { from, to: caret, options };
}

function matches(option: string, word: string): boolean {
  const plain = word.replace(/^"/, "").toLowerCase();
  const text = option.replace(/^"/, "").toLowerCase();
  return text.startsWith(plain) && text !== plain;
}

function optionsAfter(words: readonly string[], columns: readonly ColumnInfo[]): Option[] {
  const last = words.at(-1);
  const columnOptions = columns.map(({ name, type }) => ({ text: columnWord(name), note: type }));
  if (last === undefined || last === "(" || LOGIC_WORD.test(last)) {
    const inList = last === "(" && /^in$/i.test(words.at(-2) ?? "");
    const between = /^and$/i.test(last ?? "") && /^between$/i.test(words.at(-3) ?? "");
    if (inList || between) return literalsOf(columnBefore(words, columns)?.type);
    return /^not$/i.test(last ?? "") ? columnOptions : [...columnOptions, NOT];
  }
  const column = columns.find(({ name }) => columnWord(name) === last);
  if (column !== undefined && !COMPARES.test(words.at(-2) ?? "")) return operatorsOf(column.type);
  if (COMPARES.test(last)) return [...literalsOf(columnBefore(words, columns)?.type), ...columnOptions];
  if (/^is$/i.test(last)) return ["null", "not null", "true", "false"].map((t) => ({ text: t, note: "" }));
  return LOGIC;
}

function columnBefore(words: readonly string[], columns: readonly ColumnInfo[]) {
  const word = words.findLast((w) => columns.some(({ name }) => columnWord(name) === w));
  return columns.find(({ name }) => columnWord(name) === word);
}
