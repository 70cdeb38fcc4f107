// The share of small changes to the code that the tests of a room notice.
import { ROOMS } from "../../tests/mutation/rooms.mjs"
import { count, table } from "./markdown.mjs"

/** @typedef {import("./parts.mjs").Part} Part */

const HEAD = { en: ["room", "mutants", "noticed", "score", "run on"], "zh-TW": ["模組", "變異數", "被察覺", "分數", "執行日期"] }
const BY = {
  en: "`node scripts/mutation.mjs --write`, or with the names of rooms.",
  "zh-TW": "`node scripts/mutation.mjs --write`，或加上模組名稱。",
}
const NOT_RUN = { en: "not run yet", "zh-TW": "尚未執行" }

/** @type {Readonly<Record<string, Part>>} */
export const MUTATION_PARTS = {
  mutation({ figures }, language) {
    const { rooms } = figures.mutation()
    const rows = Object.keys(ROOMS).map((name) => {
      const room = rooms[name]
      if (room === undefined) return [name, "", "", NOT_RUN[language], ""]
      const noticed = room.killed + room.timeout
      return [name, count(noticed + room.survived), count(noticed), `${room.score.toFixed(1)} %`, room.date]
    })
    return `${table(HEAD[language], rows)}\n\n${BY[language]}`
  },
}
