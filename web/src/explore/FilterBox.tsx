import { useId, useMemo, useRef, useState, type KeyboardEvent } from "react";

import { ErrorNote } from "../shell/States";
import type { ColumnInfo } from "../server/tables";
import { complete } from "./completion";

interface FilterBoxProps {
  columns: readonly ColumnInfo[];
  applied: string;
  error: Error | null;
  onApply: (filter: string) => void;
}

/** A condition in the server's language, with what may come next. Enter applies it. */
export function FilterBox({ columns, applied, error, onApply }: FilterBoxProps) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(applied);
  const [caret, setCaret] = useState(applied.length);
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  // Another one may come from outside: by going back, or to another table.
  const [before, setBefore] = useState(applied);
  if (before !== applied) {
    setBefore(applied);
    setText(applied);
    setCaret(applied.length);
  }
  const { from, to, options } = useMemo(() => complete(text, caret, columns), [text, caret, columns]);
  const shown = isOpen ? options.slice(0, 12) : [];

  const change = (next: string, at: number) => {
    setText(next);
    setCaret(at);
    setActive(-1);
    setOpen(true);
  };
  const take = (index: number) => {
    const option = shown[index];
    if (option === undefined) return;
    const gap = /['(]$/.test(option.text) ? "" : " ";
    const rest = text.slice(to).replace(/^ /, "");
    const at = from + option.text.length + gap.length;
    change(text.slice(0, from) + option.text + gap + rest, at);
    requestAnimationFrame(() => input.current?.setSelectionRange(at, at));
  };
  const apply = (next: string) => {
    setOpen(false);
    onApply(next.trim());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setOpen(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      setActive((now) => Math.max(-1, Math.min(now + step, shown.length - 1)));
    } else if (event.key === "Tab" && !event.shiftKey && active >= 0) {
      event.preventDefault();
      take(active);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (active >= 0) take(active);
      else apply(text);
    } else if (event.key === "Escape") {
      if (isOpen) setOpen(false);
      else if (text !== "") apply("");
    }
  };
  return (
    <div className="filter">
      <label className="field">
        <span>Filter</span>
        <input
          ref={input}
          type="text"
          role="combobox"
          aria-expanded={shown.length > 0}
          aria-controls={`${id}-options`}
          aria-activedescendant={active >= 0 ? `${id}-${active}` : undefined}
          aria-autocomplete="list"
          aria-invalid={error !== null}
          placeholder={columns[0] ? "All rows. Type a condition, Enter applies it" : ""}
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={(event) => change(event.target.value, event.target.selectionStart ?? 0)}
          onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? 0)}
          onFocus={() => setOpen(true)}
          onBlur={() => setOpen(false)}
          onKeyDown={onKeyDown}
        />
      </label>
      {applied !== "" && (
        <button className="clear" aria-label="Clear the filter" onClick={() => apply("")}>
          ×
        </button>
      )}
      {shown.length > 0 && (
        <ul className="options" role="listbox" id={`${id}-options`} aria-label="What may come next">
          {shown.map((option, i) => (
            <li
              key={option.text}
              id={`${id}-${i}`}
              role="option"
              aria-selected={i === active}
              onPointerDown={(event) => {
                event.preventDefault();
                take(i);
              }}
            >
              <code>{option.text}</code>
              <small>{option.note}</small>
            </li>
          ))}
        </ul>
      )}
      {error !== null && <ErrorNote error={error} />}
    </div>
  );
}
