const WHOLE = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** "120,000,000" */
export function formatCount(value: number | bigint): string {
  return WHOLE.format(value);
}

/** "120 M", "9.5 k": three digits at most. */
export function formatShort(value: number): string {
  for (const [factor, name] of [[1e12, " T"], [1e9, " G"], [1e6, " M"], [1e3, " k"]] as const) {
    if (Math.abs(value) >= factor * 0.9995) return threeDigits(value / factor) + name;
  }
  return threeDigits(value);
}

function threeDigits(value: number): string {
  return String(Math.abs(value) < 1000 ? Number(value.toPrecision(3)) : Math.round(value));
}

/** "16.5 GiB" */
export function formatBytes(bytes: number): string {
  let value = bytes;
  for (const unit of ["B", "KiB", "MiB", "GiB", "TiB"]) {
    if (Math.abs(value) < 1023.5 || unit === "TiB") return `${threeDigits(value)} ${unit}`;
    value /= 1024;
  }
  return "";
}

/** "12.3 %"; what is there but rounds to nothing is "< 0.1 %". */
export function formatShare(share: number): string {
  if (share === 0) return "0 %";
  if (share < 0.001) return "< 0.1 %";
  if (share > 0.999 && share < 1) return "> 99.9 %";
  return `${Number((share * 100).toFixed(share < 0.1 ? 1 : 0))} %`;
}

/** "42 µs", "1.2 s" */
export function formatSeconds(seconds: number): string {
  if (seconds === 0) return "0 s";
  if (seconds < 1e-3) return `${threeDigits(seconds * 1e6)} µs`;
  if (seconds < 1) return `${threeDigits(seconds * 1e3)} ms`;
  return `${threeDigits(seconds)} s`;
}
