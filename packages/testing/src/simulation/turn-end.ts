/**
 * Resolves when every promise that can settle has settled. Captured once, so that code under simulation can be denied the
 * global of that name.
 */
const afterPromises = setImmediate

export function turnEnd(): Promise<void> {
  return new Promise((resolve) => void afterPromises(resolve))
}
