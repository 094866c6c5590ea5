import { useCallback, useRef } from "react";

import { formatCount, formatShort } from "../format/number";
import { formatUptime } from "../format/time";
import { parseMetrics, routeFigures, valueOf, type Sample } from "../server/metrics";
import { readHealth, readMetricsText, type Health } from "../server/tables";
import { usePoll } from "../server/usePoll";
import { Sparkline } from "../shell/Sparkline";
import { ErrorNote, Skeleton } from "../shell/States";
import { addCount, type RateHistory } from "../sources/appendRate";
import { LiveClients } from "./LiveClients";
import { MemoryBar } from "./MemoryBar";
import { RequestTable } from "./RequestTable";

const POLL_MS = 1500;
const KEPT = 60;

interface Reading {
  health: Health;
  samples: Sample[];
  requests: RateHistory;
  appends: RateHistory;
}

export function HealthView() {
  const { value, error } = useReadings();
  if (value === null) return error ? <ErrorNote error={error} /> : <Skeleton rows={8} />;
  const { health, samples } = value;
  const connections = valueOf(samples, "headrace_http_connections");
  const refused = valueOf(samples, "headrace_http_connections_refused_total");
  return (
    <div className="health">
      <h1>Health</h1>
      <p className="lead">
        {health.status === "ok" ? "Takes requests" : "Is stopping"} · version {health.version}
      </p>
      {error !== null && <ErrorNote error={error} />}
      <div className="tiles">
        <Tile name="Uptime" figure={formatUptime(health.uptime_seconds)} note="since the start" />
        <Tile
          name="Clients"
          figure={formatCount(connections)}
          note={refused > 0 ? `${formatCount(refused)} were refused` : "open connections"}
        />
        <RateTile name="Requests" history={value.requests} unit="a second" />
        <RateTile name="Rows from clients" history={value.appends} unit="a second" />
      </div>
      <MemoryBar
        usedBytes={health.memory.used_bytes}
        limitBytes={health.memory.limit_bytes}
        owners={samples
          .filter(({ name, value: bytes }) => name === "headrace_memory_owner_bytes" && bytes > 0)
          .map(({ labels, value: bytes }) => ({ owner: labels.owner ?? "", bytes }))}
      />
      <LiveClients samples={samples} live={health.live} />
      <RequestTable routes={routeFigures(samples)} />
    </div>
  );
}

function Tile({ name, figure, note }: { name: string; figure: string; note: string }) {
  return (
    <div className="card tile">
      <h2>{name}</h2>
      <b>{figure}</b>
      <small>{note}</small>
    </div>
  );
}

function RateTile({ name, history, unit }: { name: string; history: RateHistory; unit: string }) {
  return (
    <div className="card tile">
      <h2>{name}</h2>
      <b>{formatShort(history.rates.at(-1) ?? 0)}</b>
      <small>
        {unit}, {formatShort(history.count)} in all
      </small>
      <Sparkline values={history.rates} capacity={KEPT} label={`${name} ${unit}`} />
    </div>
  );
}

function useReadings() {
  const before = useRef<Reading | null>(null);
  const ask = useCallback(async (signal: AbortSignal): Promise<Reading> => {
    const [health, text] = await Promise.all([readHealth(signal), readMetricsText(signal)]);
    const samples = parseMetrics(text);
    const now = performance.now();
    const requests = routeFigures(samples).reduce((sum, route) => sum + route.requests, 0);
    const rows = valueOf(samples, "headrace_rows_appended_total");
    const last = before.current;
    return (before.current = {
      health,
      samples,
      requests: addCount(last?.requests, requests, now),
      appends: addCount(last?.appends, rows, now),
    });
  }, []);
  return usePoll(ask, POLL_MS);
}
