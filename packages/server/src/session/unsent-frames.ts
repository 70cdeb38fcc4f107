/** How many frames a socket has not passed on, told from how far it has come. Holds something only for one who is slow. */
export class UnsentFrames {
  /** Where each ends, among all bytes that were ever sent. */
  readonly #ends: number[] = []
  #first = 0

  /** So many more were sent together, and this many bytes in all. */
  add(frames: number, sentBytes: number): void {
    for (let index = 0; index < frames; index++) this.#ends.push(sentBytes)
  }

  /** `takenBytes`: so much of it the network has taken. */
  count(takenBytes: number): number {
    const ends = this.#ends
    while (this.#first < ends.length && (ends[this.#first] ?? 0) <= takenBytes) this.#first += 1
    if (this.#first * 2 > ends.length) {
      ends.splice(0, this.#first)
      this.#first = 0
    }
    return ends.length - this.#first
  }
}
