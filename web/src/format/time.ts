function pad(value: number, width = 2): string {
  return String(value).padStart(width, "0");
}

/** "2 d 3 h", "5 min 2 s": the two largest units. */
export function formatUptime(seconds: number): string {
  const whole = Math.floor(seconds);
  const parts: [number, string][] = [
    [Math.floor(whole / 86400), "d"],
    [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return "0 s";
  return parts
    .slice(first, first + 2)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(" ");
}

/**
 * An instant of `perSecond` units since 1970 in UTC, with its own digits:
 * "2001-05-02 09:00:00.25".
 */
export function formatInstant(units: bigint, perSecond: number): string {
  const per = BigInt(perSecond);
  let seconds = units / per;
  let rest = units % per;
  if (rest < 0n) {
    rest += per;
    seconds -= 1n;
  }
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return `${units}`;
  const text = `${formatDay(date)} ${formatClock(date)}`;
  if (rest === 0n) return text;
  const digits = String(perSecond).length - 1;
  return `${text}.${rest.toString().padStart(digits, "0").replace(/0+$/, "")}`;
}

export function formatDay(date: Date): string {
  const year = date.getUTCFullYear();
  const shown = year < 0 ? `-${pad(-year, 4)}` : pad(year, 4);
  return `${shown}-${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())}`;
}

function formatClock(date: Date): string {
  return `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}:${pad(date.getUTCSeconds())}`;
}

/** Seconds since 1970, fractions too, as a filter of the server reads them: "…T09:00:00.250000Z". */
export function instantText(seconds: number): string {
  const micros = BigInt(Math.round(seconds * 1e6));
  return `${formatInstant(micros, 1e6).replace(" ", "T")}Z`;
}
