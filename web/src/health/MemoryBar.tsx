import { formatBytes, formatShare } from "../format/number";

interface MemoryBarProps {
  usedBytes: number;
  limitBytes: number;
  owners: { owner: string; bytes: number }[];
}

/** The budget as one bar: who holds what, the largest first, and what is free. */
export function MemoryBar({ usedBytes, limitBytes, owners }: MemoryBarProps) {
  const sorted = owners.toSorted((a, b) => b.bytes - a.bytes);
  const share = usedBytes / Math.max(1, limitBytes);
  return (
    <section className="card memory" aria-label="Memory">
      <header>
        <h2>Memory</h2>
        <p>
          <b>{formatBytes(usedBytes)}</b> of {formatBytes(limitBytes)} held ({formatShare(share)})
        </p>
      </header>
      <div className="memory-bar" role="img" aria-label={`${formatShare(share)} of the budget is held`}>
        {sorted.map(({ owner, bytes }, i) => (
          <span
            key={owner}
            data-series={i % 6}
            style={{ width: `max(3px, ${(bytes / limitBytes) * 100}%)` }}
            title={`${owner}: ${formatBytes(bytes)}`}
          />
        ))}
      </div>
      <ul className="legend">
        {sorted.map(({ owner, bytes }, i) => (
          <li key={owner}>
            <i data-series={i % 6} />
            {owner}
            <b>{formatBytes(bytes)}</b>
          </li>
        ))}
        <li>
          <i className="free" />
          free
          <b>{formatBytes(Math.max(0, limitBytes - usedBytes))}</b>
        </li>
      </ul>
    </section>
  );
}
