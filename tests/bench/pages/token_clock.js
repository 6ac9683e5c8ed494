// The decode rate as the one who waits for the tokens sees it: from the first to the last.
export class TokenClock {
  tokens = 0;

  tick() {
    this.last = performance.now();
    this.first ??= this.last;
  }

  rate() {
    return (this.tokens - 1) / ((this.last - this.first) / 1000);
  }
}
