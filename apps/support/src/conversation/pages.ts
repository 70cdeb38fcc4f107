import { toMagpieError } from "@magpie/protocol"

interface Page<P> {
  next(): Promise<P> | undefined
}

/** A page of history, and all that follow it. One that is refused for now is asked for again when the server says. */
export async function* pagesFrom<P extends Page<P>>(first: () => Promise<P>): AsyncGenerator<P> {
  let ask: () => Promise<P> | undefined = first
  for (let page = await inTime(ask); page !== undefined; page = await inTime(ask)) {
    yield page
    ask = page.next
  }
}

async function inTime<T>(ask: () => Promise<T> | undefined): Promise<T | undefined> {
  for (;;) {
    try {
      return await ask()
    } catch (thrown) {
      const { retryAfterMs } = toMagpieError(thrown)
      if (retryAfterMs === undefined) throw thrown
      await new Promise((resolve) => setTimeout(resolve, retryAfterMs))
    }
  }
}
