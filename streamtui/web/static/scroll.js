// Staying at the end of what grows, but only for a user who is there.

const NEAR = 48; // pixels that still count as the end

export class Follower {
  /** `button`, where there is one, offers to go to the end. */
  constructor(box, button = null) {
    this.box = box;
    this.button = button;
    this.following = true;
    this.top = 0;
    box.addEventListener("scroll", () => this.scrolled(), { passive: true });
    button?.addEventListener("click", () => this.jump());
    const sizes = new ResizeObserver(() => requestAnimationFrame(() => this.grown()));
    for (const node of [box, ...box.children]) sizes.observe(node); // what is out of sight has a guessed size at first
  }

  get distance() {
    return this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight;
  }

  scrolled() {
    this.notice();
    this.top = this.box.scrollTop;
    this.offer();
  }

  /** See whether the user has left the end, or come back to it. */
  notice() {
    if (this.box.scrollTop < this.top - 1) this.following = false;
    if (this.distance < (this.following ? NEAR : 4)) this.following = true;
  }

  /** The box has become taller: go along, or offer to. */
  grown() {
    if (this.box.scrollTop < this.top - 1) this.notice(); // the event that tells of it may come a frame later
    if (this.following) this.box.scrollTop = this.box.scrollHeight;
    this.top = this.box.scrollTop;
    this.offer();
  }

  /** Change what stands above without moving what the user reads. */
  keep(change) {
    const fromEnd = this.box.scrollHeight - this.box.scrollTop;
    change();
    this.box.scrollTop = this.box.scrollHeight - fromEnd;
    this.top = this.box.scrollTop;
  }

  jump() {
    this.following = true;
    this.top = 0;
    this.grown();
  }

  offer() {
    if (this.button) this.button.hidden = this.following || this.distance < NEAR;
  }
}
