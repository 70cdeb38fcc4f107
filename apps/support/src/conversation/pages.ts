interface Page<P> {
  next(): Promise<P> | undefined
}

/** A page of history, and all that follow it. */
export async function* pagesFrom<P extends Page<P>>(first: Promise<P>): AsyncGenerator<P> {
  for (let page: P | undefined = await first; page !== undefined; page = await page.next()) yield page
}
