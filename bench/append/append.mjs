import { LOAD_CORE, SERVER_CORE, startChild } from "../harness/child.mjs"
import { temporaryDirectory } from "../harness/directory.mjs"
import { figure } from "../harness/figures.mjs"

const FOLLOWERS = 10
/** As a language model talks, and as fast as the disk allows. */
const PACES = [
  { name: "append/50-per-s", perSecond: 50 },
  { name: "append/at-once", perSecond: undefined },
]

/**
 * An answer of many words: one message that grows word by word, beside a message for each word on the same server.
 * @type {import("../benchmarks.mjs").Benchmark}
 */
export const append = {
  name: "append",
  async run({ quick }) {
    const disk = temporaryDirectory()
    const server = await startChild("append/server.mjs", { core: SERVER_CORE, args: [disk.path] })
    const load = await startChild("append/load.mjs", { core: LOAD_CORE })
    try {
      await load.ask("connect", { port: await server.ask("listen"), followers: FOLLOWERS })
      const words = quick ? 200 : 1_000
      await say({ server, load }, { grows: true, words })
      await say({ server, load }, { grows: false, words })
      const figures = []
      for (const { name, perSecond } of PACES) {
        const grown = []
        const single = []
        for (let round = 0; round < (quick ? 1 : 3); round++) {
          grown.push(await say({ server, load }, { grows: true, words, perSecond }))
          single.push(await say({ server, load }, { grows: false, words, perSecond }))
        }
        const peer = "a message each"
        for (const [what, unit] of /** @type {const} */ ([
          ["cpu", "CPU-ms / 1,000"],
          ["disk", "KiB / 1,000"],
        ]))
          figures.push(
            figure({
              name: `${name}/${what}`,
              unit,
              values: grown.map((each) => each[what]),
              peer,
              peerValues: single.map((each) => each[what]),
            }),
          )
      }
      return figures
    } finally {
      // The load first: a link that its server ends is a failure.
      await load.stop()
      await server.stop()
      disk.remove()
    }
  },
}

/**
 * @param {Record<"server" | "load", import("../harness/child.mjs").Child>} children
 * @param {{ grows: boolean, words: number, perSecond?: number | undefined }} how
 */
async function say({ server, load }, how) {
  const before = await server.ask("usage")
  const { bytes } = await server.ask("run", how)
  // The empty message that it begins with is heard too.
  await load.ask("hear", (how.words + 1) * FOLLOWERS)
  const { cpuSeconds } = await server.ask("usage")
  const thousands = how.words / 1_000
  return { cpu: ((cpuSeconds - before.cpuSeconds) * 1_000) / thousands, disk: bytes / 1_024 / thousands }
}
