/** Steps between two checks of the clock, and milliseconds after which to yield to others. */
const LOOK = 16;
const TURN = 2;

/** The turn of a loop whose steps may all be done at once: without an end, nothing else would get one. */
export class Turn {
  #steps = 0;
  #since = performance.now();

  /** Counts a step, and returns whether the turn is over. */
  step(): boolean {
    return ++this.#steps % LOOK === 0 && performance.now() - this.#since > TURN;
  }

  /** Goes on when others have had their turn. */
  pass(goOn: () => void): void {
    setImmediate(() => {
      this.#since = performance.now();
      goOn();
    });
  }
}
