/** What stands on the bus, where another system may write too; undefined where it is no JSON. */
export function parseBusJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
