const SECRET_KEY = "magpie.support.visitor"
const NAME_KEY = "magpie.support.name"

/** What makes this device the visitor's: drawn once, kept here, seen by the server alone. */
export function visitorSecret(): string {
  const secret = localStorage.getItem(SECRET_KEY) ?? crypto.randomUUID()
  localStorage.setItem(SECRET_KEY, secret)
  return secret
}

export const visitorName = (): string => localStorage.getItem(NAME_KEY) ?? ""
export const keepVisitorName = (name: string): void => localStorage.setItem(NAME_KEY, name.trim().slice(0, 60))
