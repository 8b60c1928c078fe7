// How fast a reply arrives here and now, estimated.

const WINDOW_MS = 3000;
const BATCH_MS = 250; // what comes this soon after the first piece came with it
const BYTES_PER_TOKEN = 4;
const FEWEST_TOKENS = 10;
const SHORTEST_MS = 250;

const size = (text) => new TextEncoder().encode(text).length;

export class Rate {
  constructor() {
    this.first = null;
    this.last = null;
    this.bytes = 0;
    this.arrivals = [];
  }

  /** Count a piece. The first batch only starts the clock: to a reader who joins it brings all that was said before. */
  arrived(text, now = performance.now()) {
    this.first ??= now;
    this.last = now;
    if (now < this.first + BATCH_MS) return;
    this.bytes += size(text);
    this.arrivals.push([now, size(text)]);
    while (this.arrivals[0][0] < now - WINDOW_MS) this.arrivals.shift();
  }

  /** Return tokens a second over the last seconds, null while too little has arrived. */
  tokens(now = performance.now()) {
    if (this.first === null) return null;
    const since = Math.max(this.first + BATCH_MS, now - WINDOW_MS);
    if (this.bytes < FEWEST_TOKENS * BYTES_PER_TOKEN || now - since < SHORTEST_MS) return null;
    const bytes = this.arrivals.reduce((sum, [moment, each]) => (moment >= since ? sum + each : sum), 0);
    return bytes / BYTES_PER_TOKEN / ((now - since) / 1000);
  }
}
