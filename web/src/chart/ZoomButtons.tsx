import type { ZoomControls } from "./useZoom";

interface ZoomButtonsProps extends ZoomControls {
  isZoomed: boolean;
}

export function ZoomButtons({ isZoomed, onBack, onReset, onAdjust }: ZoomButtonsProps) {
  return (
    <div className="zoom" role="group" aria-label="Zoom">
      <button className="button" aria-label="Earlier" onClick={() => onAdjust(-0.25)}>
        ←
      </button>
      <button className="button" aria-label="Later" onClick={() => onAdjust(0.25)}>
        →
      </button>
      <button className="button" aria-label="Zoom in" onClick={() => onAdjust(0, 0.5)}>
        +
      </button>
      <button className="button" aria-label="Zoom out" onClick={() => onAdjust(0, 2)}>
        −
      </button>
      <button className="button" disabled={!isZoomed} onClick={onBack}>
        Back
      </button>
      <button className="button" disabled={!isZoomed} onClick={onReset}>
        Reset
      </button>
    </div>
  );
}
