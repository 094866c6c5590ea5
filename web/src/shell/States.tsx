import { ConnectionError } from "@headrace/react";
import type { ReactNode } from "react";

/** What stands where there is nothing to show, and what to do about it. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="state">
      <svg className="state-mark" viewBox="0 0 96 48" aria-hidden="true">
        <path d="M4 12c18 0 22 12 44 12s26-12 44-12" />
        <path d="M4 24c18 0 22 12 44 12s26-12 44-12" />
        <path d="M4 36c18 0 22 8 44 8s26-8 44-8" />
      </svg>
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** The server's words as they are: they may draw a caret below the fault. */
export function ErrorNote({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  return (
    <div className="error-note" role="alert">
      <pre>{messageOf(error)}</pre>
      {onRetry && (
        <button className="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** As high as what will stand here, so that nothing moves when it comes. */
export function Skeleton({ rows, className = "" }: { rows: number; className?: string }) {
  return (
    <div className={`skeleton ${className}`} role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} />
      ))}
    </div>
  );
}

/** What to show of anything that was thrown. */
function messageOf(error: unknown): string {
  if (error instanceof TypeError) return new ConnectionError(error).message; // as `fetch` tells it
  return error instanceof Error ? error.message : String(error);
}
