const SECRET_KEY = "magpie.support.visitor"
const NAME_KEY = "magpie.support.name"

/** What makes this device the visitor's: drawn once, kept here, seen by the server alone. */
export function visitorSecret(): string {
  const known = localStorage.getItem(SECRET_KEY)
  if (known !== null) return known
  const drawn = crypto.randomUUID()
  localStorage.setItem(SECRET_KEY, drawn)
  return drawn
}

export const visitorName = (): string => localStorage.getItem(NAME_KEY) ?? ""
export const keepVisitorName = (name: string): void => localStorage.setItem(NAME_KEY, name.trim().slice(0, 60))
