import type uPlot from "uplot";

import { FRAMES_A_SECOND } from "./chartQuery";
import type { LiveRing } from "./liveRing";

/** Draws a ring into a plot, in step with the screen. */
export class Painter {
  frames = 0;
  private plot: uPlot | null = null;
  private asked = 0;
  private drawnAt = -Infinity;

  constructor(readonly ring: LiveRing) {}

  take(plot: uPlot | null): void {
    this.plot = plot;
    if (plot !== null) this.draw();
  }

  schedule(): void {
    this.asked ||= requestAnimationFrame((now) => this.frame(now));
  }

  cancel(): void {
    cancelAnimationFrame(this.asked);
    this.asked = 0;
  }

  private frame(now: number): void {
    this.asked = 0;
    // Screens go at 60 Hz or more. Half a frame of theirs is left, so that no second one is missed by a hair.
    if (now - this.drawnAt < 1000 / FRAMES_A_SECOND - 8) return this.schedule();
    this.drawnAt = now;
    this.draw();
    ++this.frames;
  }

  private draw(): void {
    const { plot, ring } = this;
    // A new line has to have its series first: the figures tell of it.
    if (plot !== null && plot.series.length === ring.labels.length + 1) plot.setData(ring.data());
  }
}
