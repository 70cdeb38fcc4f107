// The few figures of the README.
import { count } from "./markdown.mjs"
import { plantedRows } from "./planted.mjs"

/** @typedef {import("./parts.mjs").Part} Part */

/** @type {Readonly<Record<string, Part>>} */
export const PROOF_PARTS = {
  proof({ figures }, language) {
    const { seeds, faults, violations } = figures.runs()
    const { known, rows, caught } = plantedRows(figures)
    const { kills, acknowledged, store } = figures.kills()
    const { contenders } = figures.traffic()
    const { magpie, ...peers } = contenders
    const least = Math.min(...Object.values(peers).map(({ subscribers, owed }) => (subscribers.lost / owed) * 100))
    const wrong = [magpie?.subscribers, magpie?.store].reduce((sum, its) => sum + (its ? its.lost + its.doubled + its.reordered : 0), 0)
    const rest = known - rows.length
    const lines = {
      en: [
        `${count(seeds)} simulated runs with ${count(faults)} faults that struck: ${count(violations)} broken promise${violations === 1 ? "" : "s"}.`,
        `${caught} of ${rows.length} planted defects caught${rest > 0 ? `, ${rest} more not run yet` : ""}.`,
        `${count(kills)} times \`kill -9\` under load: of ${count(acknowledged)} acknowledged messages ${count(store.lost)} lost, ${count(store.doubled)} doubled.`,
        `A chat through resets, stalls and kills: ${count(wrong)} messages lost, doubled or out of order. Socket.IO, which promises at most once, lost ${count(least)} % of its deliveries under the same plan, with the best of its options.`,
      ],
      "zh-TW": [
        `${count(seeds)} 次模擬執行、${count(faults)} 個擊中的故障：${count(violations)} 個承諾被打破。`,
        `植入的缺陷 ${rows.length} 個中抓到 ${caught} 個${rest > 0 ? `，另有 ${rest} 個尚未執行` : ""}。`,
        `在負載下 \`kill -9\` ${count(kills)} 次：${count(acknowledged)} 則已確認的訊息遺失 ${count(store.lost)} 則、重複 ${count(store.doubled)} 則。`,
        `連線重設、停頓與 kill 之下的聊天：遺失、重複或亂序共 ${count(wrong)} 則。承諾至多一次的 Socket.IO 在同一份計畫下，以其最好的設定仍遺失 ${count(least)} %。`,
      ],
    }
    return lines[language].map((line) => `- ${line}`).join("\n")
  },
}
