// Where the cursor goes: from moment to moment by steps, evenly over the picture when it plays.
// Pure; the page calls advance() with the time that passed on its own clock.
import {lowerBound} from "./run.js";

export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8];
const PIXELS_PER_SECOND = 70;
// Without motion the cursor rests on each moment.
const REST_MS = 700;

// Index of the last moment that is not later than `time`.
export function momentIndex(moments, time) {
  return Math.max(0, lowerBound(moments, time + 1e-6) - 1);
}

export function nextMoment(moments, time) {
  const index = lowerBound(moments, time + 1e-6);
  return moments[Math.min(index, moments.length - 1)];
}

export function previousMoment(moments, time) {
  return moments[Math.max(0, lowerBound(moments, time - 1e-6) - 1)];
}

export class Playback {
  constructor(layout, moments) {
    this.layout = layout;
    this.moments = moments;
    this.time = moments[moments.length - 1];
    this.isPlaying = false;
    this.speed = 1;
    this.isStepwise = false;
    this.rested = 0;
  }

  get end() {
    return this.moments[this.moments.length - 1];
  }

  get isAtEnd() {
    return this.time >= this.end;
  }

  moveTo(time) {
    this.time = Math.min(Math.max(time, this.moments[0]), this.end);
  }

  step(direction) {
    this.isPlaying = false;
    this.time = direction > 0 ? nextMoment(this.moments, this.time)
      : previousMoment(this.moments, this.time);
  }

  rewind() {
    this.isPlaying = false;
    this.time = this.moments[0];
  }

  toEnd() {
    this.isPlaying = false;
    this.time = this.end;
  }

  // From the end it begins anew.
  toggle() {
    if (!this.isPlaying && this.isAtEnd) this.time = this.moments[0];
    this.isPlaying = !this.isPlaying;
    this.rested = 0;
  }

  faster(direction) {
    const place = SPEEDS.indexOf(this.speed) + direction;
    this.speed = SPEEDS[Math.min(Math.max(place, 0), SPEEDS.length - 1)];
  }

  advance(elapsedMs) {
    if (!this.isPlaying) return;
    if (this.isStepwise) {
      this.rested += elapsedMs * this.speed;
      while (this.rested >= REST_MS && !this.isAtEnd) {
        this.rested -= REST_MS;
        this.time = nextMoment(this.moments, this.time);
      }
    } else {
      const y = this.layout.yOf(this.time) + PIXELS_PER_SECOND * this.speed * elapsedMs / 1000;
      this.moveTo(y >= this.layout.yOf(this.end) ? this.end : this.layout.timeAt(y));
    }
    if (this.isAtEnd) this.isPlaying = false;
  }
}
