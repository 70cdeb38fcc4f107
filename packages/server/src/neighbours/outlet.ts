import { Link, type Live, type Neighbour, type NeighbourRecord, type NeighbourWriting } from "@magpie/journal"
import { type Env, isMagpieError } from "@magpie/protocol"

/** A neighbour that has not answered for so long is connected to anew. */
const SEND_MS = 30_000

/** Writes records to a neighbour, in the order of the calls, again and again until it has acknowledged them. */
export class Outlet {
  readonly #link: Link<NeighbourWriting>
  readonly #closed: Promise<undefined>
  #close: () => void = () => {}
  #isClosed = false

  constructor(env: Env, neighbour: Neighbour) {
    this.#link = new Link({ env, name: neighbour.name, connect: (onLost) => neighbour.write(onLost) })
    this.#closed = new Promise((resolve) => {
      this.#close = () => resolve(undefined)
    })
  }

  get isUp(): boolean {
    return this.#link.live !== undefined
  }

  /** True once they are acknowledged, false where this was closed before. Fails where the neighbour refuses them for good. */
  async send(records: readonly NeighbourRecord[]): Promise<boolean> {
    while (!this.#isClosed) {
      const live = await this.#up()
      if (live === undefined) return false
      try {
        await live.run(() => live.connection.send(records), SEND_MS)
        return true
      } catch (failure) {
        if (isMagpieError(failure) && !failure.retryable) throw failure
        this.#link.lost(live, failure)
      }
    }
    return false
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#close()
    await this.#link.close()
  }

  #up(): Promise<Live<NeighbourWriting> | undefined> {
    return Promise.race([this.#closed, new Promise<Live<NeighbourWriting>>((resolve) => this.#link.whenUp(resolve))])
  }
}
