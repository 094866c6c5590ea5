import { useSyncExternalStore } from "react";

export const VIEWS = ["sources", "explore", "chart", "health"] as const;
export type View = (typeof VIEWS)[number];

/** What the address says behind '#': "#/explore/files.trips?filter=delay+%3E+60". */
export interface Route {
  view: View;
  table: string | null;
  params: URLSearchParams;
}

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [view = "", table = ""] = path.split("/");
  return {
    view: VIEWS.find((known) => known === view) ?? "sources",
    table: table === "" ? null : decodeURIComponent(table),
    params: new URLSearchParams(query),
  };
}

export function hrefOf(view: View, table?: string | null, params: Record<string, string> = {}): string {
  const kept = Object.entries(params).filter(([, value]) => value !== "");
  const query = new URLSearchParams(kept).toString();
  const path = table ? `${view}/${encodeURIComponent(table)}` : view;
  return `#/${path}${query === "" ? "" : `?${query}`}`;
}

/** `replaces`: going back in the browser skips what was here before. */
export function navigate(href: string, replaces = false): void {
  if (href === location.hash) return;
  if (replaces) history.replaceState(null, "", href);
  else history.pushState(null, "", href);
  dispatchEvent(new HashChangeEvent("hashchange"));
}

/** The address with some parameters changed; "" drops one. */
export function withParams(route: Route, changes: Record<string, string>): string {
  return hrefOf(route.view, route.table, { ...Object.fromEntries(route.params), ...changes });
}

function subscribe(listener: () => void): () => void {
  addEventListener("hashchange", listener);
  addEventListener("popstate", listener);
  return () => {
    removeEventListener("hashchange", listener);
    removeEventListener("popstate", listener);
  };
}

let parsed: { hash: string; route: Route } | null = null;

function snapshot(): Route {
  if (parsed?.hash !== location.hash) parsed = { hash: location.hash, route: parseRoute(location.hash) };
  return parsed.route;
}

export function useRoute(): Route {
  return useSyncExternalStore(subscribe, snapshot);
}
