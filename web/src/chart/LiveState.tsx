import type { LiveFeed } from "./useLiveFeed";

interface LiveStateProps {
  state: LiveFeed["state"];
  onToggle: () => void;
}

/** Whether the chart moves, and the button that stops it and sets it going. */
export function LiveState({ state, onToggle }: LiveStateProps) {
  return (
    <div className="live">
      <button className="button" disabled={state === "ended"} onClick={onToggle}>
        {state === "paused" ? "Resume" : "Pause"}
      </button>
      <span className="live-state" role="status" aria-label="Feed" data-state={state}>
        {state}
      </span>
    </div>
  );
}
