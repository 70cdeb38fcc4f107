/** A promise that was broken. `invariant` is its number in docs/simulation.md. */
export class Violation extends Error {
  readonly invariant: string

  constructor(invariant: string, what: string) {
    super(`${invariant}: ${what}`)
    this.name = "Violation"
    this.invariant = invariant
  }
}
