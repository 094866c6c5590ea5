import { formatBytes, formatCount } from "../format/number";
import { valueOf, type Sample } from "../server/metrics";
import type { LiveFigures } from "../server/tables";
import { LiveTable } from "./LiveTable";

interface LiveClientsProps {
  samples: readonly Sample[];
  live: LiveFigures;
}

/** Those who follow live windows: how many there are, how many of them do not keep up, and who. */
export function LiveClients({ samples, live }: LiveClientsProps) {
  const figure = (name: string) => valueOf(samples, `headrace_live_${name}`);
  const slow = figure("slow_subscriptions");
  const lost = figure("fallen_behind_total") + figure("not_answering_total");
  const figures: [name: string, value: string, note: string, isBad: boolean][] = [
    ["Following", formatCount(figure("clients")), `${formatCount(figure("subscriptions"))} subscriptions`, false],
    ["Slow", formatCount(slow), "have rows waiting", slow > 0],
    ["Skipped", formatCount(figure("rows_skipped_total")), "rows, for clients too slow for them", false],
    ["Waiting", formatBytes(figure("queued_bytes")), "encoded and not taken yet", false],
    ["Ended", formatCount(lost), "fell behind or did not answer", lost > 0],
  ];
  return (
    <section className="card requests" aria-label="Live clients">
      <header>
        <h2>Live clients</h2>
        <p>{summary(figure("subscriptions"), slow)}</p>
      </header>
      <dl className="figures">
        {figures.map(([name, value, note, isBad]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className={isBad ? "bad" : undefined}>{value}</dd>
            <small>{note}</small>
          </div>
        ))}
      </dl>
      <LiveTable live={live} />
    </section>
  );
}

function summary(subscriptions: number, slow: number): string {
  if (slow > 0) return `${formatCount(slow)} do not keep up`;
  return subscriptions > 0 ? "all keep up" : "";
}
