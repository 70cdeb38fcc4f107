/** What one look at the machine found. Only a problem keeps a server from doing its work. */
export interface Finding {
  readonly about: "node" | "configuration" | "port" | "open files" | "certificate" | "clock" | "disk"
  readonly state: "ok" | "warning" | "problem" | "not checked"
  readonly told: string
  /** What to do about it. */
  readonly remedy?: string
}

/** A look that fails itself is a problem like any other. */
export async function looked(
  about: Finding["about"],
  look: () => Promise<readonly Finding[]> | readonly Finding[],
): Promise<readonly Finding[]> {
  try {
    return await look()
  } catch (failure) {
    return [{ about, state: "problem", told: failure instanceof Error ? failure.message : String(failure) }]
  }
}
