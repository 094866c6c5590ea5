import type { LiveSubscription } from "@headrace/react";
import type { TableInfo } from "@web/server/tables";
import { RecordBatchReader, type RecordBatch } from "apache-arrow";

/** What clients/wails/app.go offers, as Wails binds it. */
interface Bound {
  Tables(): Promise<TableInfo[]>;
  Read(table: string, options: object): Promise<string>;
  Follow(subscription: LiveSubscription): Promise<void>;
  Unfollow(): Promise<void>;
}

declare global {
  interface Window {
    go: { window: { App: Bound } };
    runtime: { EventsOn(event: string, listener: (...data: string[]) => void): () => void };
  }
}

export const app = () => window.go.window.App;

/** Arrow as it comes from Go: base64 of a stream. */
export function batchesOf(text: string): RecordBatch[] {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return [...RecordBatchReader.from(bytes)];
}
