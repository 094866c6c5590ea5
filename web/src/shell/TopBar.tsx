import { hrefOf, VIEWS, type Route, type View } from "./route";
import type { Theme } from "./theme";

const NAMES: Record<View, string> = {
  sources: "Sources",
  explore: "Explore",
  chart: "Chart",
  health: "Health",
};

interface TopBarProps {
  route: Route;
  theme: Theme;
  onToggleTheme: () => void;
  isDown: boolean;
}

export function TopBar({ route, theme, onToggleTheme, isDown }: TopBarProps) {
  const other = theme === "dark" ? "light" : "dark";
  return (
    <header className="bar">
      <a className="brand" href="#/sources" aria-label="Headrace, to the sources">
        <Mark />
        <span>Headrace</span>
      </a>
      <nav aria-label="Views">
        {VIEWS.map((view) => (
          <a
            key={view}
            href={hrefOf(view, view === "health" ? null : route.table)}
            aria-current={view === route.view ? "page" : undefined}
          >
            {NAMES[view]}
          </a>
        ))}
      </nav>
      <div className="bar-end">
        <span className={isDown ? "dot dot-bad" : "dot"} role="status">
          {isDown ? "no answer" : "live"}
        </span>
        <a className="quiet-link" href="/docs">
          API
        </a>
        <button className="icon-button" onClick={onToggleTheme} aria-label={`Use ${other} colours`}>
          {theme === "dark" ? <Sun /> : <Moon />}
        </button>
      </div>
    </header>
  );
}

function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M6 10c5 0 6 4 10 4s5-4 10-4" />
      <path d="M6 16c5 0 6 4 10 4s5-4 10-4" opacity=".75" />
      <path d="M6 22c5 0 6 4 10 4s5-4 10-4" opacity=".5" />
    </svg>
  );
}

function Sun() {
  return (
    <svg viewBox="0 0 20 20" aria-hidden="true">
      <circle cx="10" cy="10" r="3.6" />
      <path d="M10 1.8v2M10 16.2v2M1.8 10h2M16.2 10h2M4.2 4.2l1.4 1.4M14.4 14.4l1.4 1.4M4.2 15.8l1.4-1.4M14.4 5.6l1.4-1.4" />
    </svg>
  );
}

function Moon() {
  return (
    <svg viewBox="0 0 20 20" aria-hidden="true">
      <path d="M16.5 12.2A7 7 0 0 1 7.8 3.5a7 7 0 1 0 8.7 8.7z" />
    </svg>
  );
}
