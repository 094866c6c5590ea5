import { readServerError } from "@headrace/react";

export interface ColumnInfo {
  name: string;
  /** In Arrow's words: "timestamp[us]". */
  type: string;
  nullable: boolean;
}

export interface TableInfo {
  name: string;
  full_name: string;
  kind: "buffers" | "files" | "tables" | string;
  /** Null where nobody has counted them. */
  rows: number | null;
  bytes: number | null;
  schema: ColumnInfo[];
}

export interface WindowStatistics {
  buffer_id: string;
  size: number;
  window_size: number;
  append_count: number;
  avg_append_ms: number;
}

/** One subscription of a client of /v1/live. */
export interface LiveSubscriptionFigures {
  peer: string;
  id: string | number;
  table: string;
  policy: "latest" | "all";
  /** Messages a second at most; null: read once, not followed. */
  rate: number | null;
  slow: boolean;
  queued_bytes: number;
  rows_sent: number;
  rows_skipped: number;
}

export interface LiveFigures {
  clients: number;
  subscriptions: number;
  slow_subscriptions: number;
  queued_bytes: number;
  rows_skipped: number;
  /** Some of the subscriptions, the slow ones first. */
  slowest: LiveSubscriptionFigures[];
}

export interface Health {
  status: string;
  version: string;
  uptime_seconds: number;
  buffers: number;
  memory: { used_bytes: number; limit_bytes: number };
  live: LiveFigures;
}

async function ask(path: string, signal: AbortSignal): Promise<Response> {
  const answer = await fetch(path, { signal });
  if (!answer.ok) throw await readServerError(answer);
  return answer;
}

export async function listTables(signal: AbortSignal): Promise<TableInfo[]> {
  return ((await (await ask("/v1/tables", signal)).json()) as { data: TableInfo[] }).data;
}

export async function listWindows(signal: AbortSignal): Promise<WindowStatistics[]> {
  const answer = await ask("/v1/ml/polars/buffers", signal);
  return ((await answer.json()) as { data: WindowStatistics[] }).data;
}

/** 503 is an answer too: the server is stopping. */
export async function readHealth(signal: AbortSignal): Promise<Health> {
  const answer = await fetch("/v1/health", { signal });
  if (!answer.ok && answer.status !== 503) throw await readServerError(answer);
  return (await answer.json()) as Health;
}

export async function readMetricsText(signal: AbortSignal): Promise<string> {
  return (await ask("/metrics", signal)).text();
}

export function isNumeric(type: string): boolean {
  return /^(u?int|half|float|double|decimal)/.test(type);
}

export function isTime(type: string): boolean {
  return /^(timestamp|date)/.test(type);
}

export function kindName(kind: string): string {
  return { buffers: "live window", files: "files", tables: "in memory" }[kind] ?? kind;
}
