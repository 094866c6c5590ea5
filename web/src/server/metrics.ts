/** One line of Prometheus' text: a name, its labels and a value. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const LINE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const LABEL = /([A-Za-z_]\w*)="((?:\\.|[^"\\])*)"/g;

function unescape(text: string): string {
  return text.replace(/\\(.)/g, (_, c: string) => (c === "n" ? "\n" : c));
}

export function parseMetrics(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split("\n")) {
    const found = line.startsWith("#") ? null : LINE.exec(line);
    if (found === null) continue;
    const labels: Record<string, string> = {};
    for (const [, name, value] of (found[2] ?? "").matchAll(LABEL)) {
      if (name !== undefined) labels[name] = unescape(value ?? "");
    }
    samples.push({ name: found[1] ?? "", labels, value: Number(found[3]) });
  }
  return samples;
}

export function valueOf(samples: readonly Sample[], name: string): number {
  return samples.find((sample) => sample.name === name)?.value ?? 0;
}

export interface RouteFigures {
  route: string;
  method: string;
  requests: number;
  /** Answers of 400 and more. */
  refused: number;
  /** Mean time to the first byte. */
  meanSeconds: number;
}

/** Requests by route, the busiest first. */
export function routeFigures(samples: readonly Sample[]): RouteFigures[] {
  const routes = new Map<string, RouteFigures & { seconds: number }>();
  for (const { name, labels, value } of samples) {
    const { route = "", method = "", status = "" } = labels;
    const key = `${method} ${route}`;
    const known = routes.get(key);
    const figures = known ?? { route, method, requests: 0, refused: 0, meanSeconds: 0, seconds: 0 };
    if (name === "headrace_http_requests_total") {
      figures.requests += value;
      if (Number(status) >= 400) figures.refused += value;
    } else if (name === "headrace_http_request_duration_seconds_sum") {
      figures.seconds += value;
    } else {
      continue;
    }
    routes.set(key, figures);
  }
  return [...routes.values()]
    .map(({ seconds, ...rest }) => ({ ...rest, meanSeconds: seconds / Math.max(1, rest.requests) }))
    .sort((a, b) => b.requests - a.requests);
}
