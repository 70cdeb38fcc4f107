// The inside of a child process: answers what the runner asks over IPC, and ends when the runner is gone.

/** @typedef {Readonly<Record<string, (given: any) => unknown>> & { readonly traffic?: () => object }} Answers */

/**
 * Answers each question by the function of its name; a failure is sent back as its text. `usage` is there for all.
 * @param {Answers} answers
 */
export function answer(answers) {
  const all = {
    usage: (/** @type {any} */ given) => usage(given, answers.traffic),
    exit: () => setImmediate(() => process.exit(0)),
    ...answers,
  }
  process.on("disconnect", () => process.exit(1))
  process.on("message", async ({ id, ask, given }) => {
    try {
      const known = all[/** @type {keyof typeof all} */ (ask)]
      if (known === undefined) throw new Error(`nobody answers "${ask}"`)
      process.send?.({ id, value: await known(given) })
    } catch (failure) {
      process.send?.({ id, failure: failure instanceof Error ? (failure.stack ?? failure.message) : String(failure) })
    }
  })
  process.send?.({ ready: true })
}

/**
 * CPU time of this whole process so far, its resident memory and, where it counts that, its traffic; collects garbage first where it
 * is asked to.
 * @param {{ collect?: boolean } | undefined} given
 * @param {() => object} [traffic]
 */
async function usage({ collect = false } = {}, traffic = () => ({})) {
  if (collect) {
    if (globalThis.gc === undefined) throw new Error("started without --expose-gc")
    for (let round = 0; round < 4; round++) {
      globalThis.gc()
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed, external } = process.memoryUsage()
  return { cpuSeconds: (user + system) / 1e6, rss, heapUsed, external, ...traffic() }
}
