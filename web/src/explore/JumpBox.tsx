import { useState } from "react";

import { formatCount } from "../format/number";

interface JumpBoxProps {
  rows: number | null;
  onJump: (row: number) => void;
}

/** "50,000,000", "50 000 000" or "50000000"; null if it is no row of these. */
export function parseRow(text: string, rows: number): number | null {
  const plain = text.replace(/[\s,_']/g, "");
  if (!/^\d+$/.test(plain)) return null;
  const row = Number(plain);
  return row < rows ? row : null;
}

export function JumpBox({ rows, onJump }: JumpBoxProps) {
  const [text, setText] = useState("");
  const row = parseRow(text, rows ?? 0);
  const isWrong = text !== "" && row === null && rows !== null;
  return (
    <form
      className="jump"
      onSubmit={(event) => {
        event.preventDefault();
        if (row !== null) onJump(row);
      }}
    >
      <label className="field">
        <span>Row</span>
        <input
          inputMode="numeric"
          autoComplete="off"
          placeholder={rows === null || rows === 0 ? "" : `0 – ${formatCount(rows - 1)}`}
          aria-invalid={isWrong}
          title={isWrong ? "There is no such row" : undefined}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <button className="button" disabled={row === null}>
        Jump
      </button>
    </form>
  );
}
