// Staying at the end of the log while it grows, but only for a reader who is there.

const NEAR = 48; // pixels that still count as the end

export class Follower {
  constructor(log, button) {
    this.log = log;
    this.button = button;
    this.following = true;
    this.top = 0;
    log.addEventListener("scroll", () => this.scrolled(), { passive: true });
    button.addEventListener("click", () => this.jump());
    new ResizeObserver(() => this.grown()).observe(log);
  }

  get distance() {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight;
  }

  scrolled() {
    if (this.log.scrollTop < this.top - 1) this.following = false;
    if (this.distance < (this.following ? NEAR : 4)) this.following = true;
    this.top = this.log.scrollTop;
    this.button.hidden = this.following || this.distance < NEAR;
  }

  /** The log has become taller: go along, or offer to. */
  grown() {
    if (this.following) this.log.scrollTop = this.log.scrollHeight;
    this.top = this.log.scrollTop;
    this.button.hidden = this.following || this.distance < NEAR;
  }

  jump() {
    this.following = true;
    this.grown();
  }
}
