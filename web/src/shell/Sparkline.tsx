interface SparklineProps {
  values: readonly number[];
  /** As many as the width stands for; fewer are drawn at its right. */
  capacity: number;
  label: string;
}

const WIDTH = 120;
const HEIGHT = 28;

export function Sparkline({ values, capacity, label }: SparklineProps) {
  const top = Math.max(...values, 1e-9);
  const step = WIDTH / (capacity - 1);
  const first = WIDTH - (values.length - 1) * step;
  const at = (value: number, i: number) =>
    `${(first + i * step).toFixed(1)},${(HEIGHT - 2 - (value / top) * (HEIGHT - 4)).toFixed(1)}`;
  const points = values.map(at).join(" ");
  return (
    <svg
      className="sparkline"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <line x1="0" y1={HEIGHT - 1} x2={WIDTH} y2={HEIGHT - 1} />
      {values.length > 1 && (
        <>
          <polygon points={`${first.toFixed(1)},${HEIGHT} ${points} ${WIDTH},${HEIGHT}`} />
          <polyline points={points} />
        </>
      )}
    </svg>
  );
}
