// What each broker can do, as its adapter declares it.
import { table } from "./markdown.mjs"

/**
 * @typedef {import("./markdown.mjs").Words} Words
 * @typedef {import("./markdown.mjs").Language} Language
 * @typedef {"memory" | "process" | "disk" | "quorum"} Level
 * @typedef {{ readonly levels: readonly Level[], readonly trims: boolean, readonly bus: "pub/sub" | "log" | "none" }} Capabilities
 * @typedef {{ readonly name: string, readonly capabilities: Capabilities }} Broker
 */

const HEADS = {
  en: [
    "",
    "an acknowledgement can mean",
    "the broker is killed",
    "its machine loses power",
    "its machine is lost",
    "the log is let go of by",
    "the bus",
  ],
  "zh-TW": ["", "確認可能代表", "broker 被強制終止", "它的機器斷電", "失去它的機器", "由誰釋放日誌", "匯流排"],
}

/** @type {Readonly<Record<string, Words>>} */
const NAMES = {
  embedded: { en: "none: LMDB, one server", "zh-TW": "不用 broker：LMDB，單一伺服器" },
  redis: { en: "Redis Streams", "zh-TW": "Redis Streams" },
  nats: { en: "NATS JetStream", "zh-TW": "NATS JetStream" },
  rabbitmq: { en: "RabbitMQ streams", "zh-TW": "RabbitMQ streams" },
  kafka: { en: "Kafka", "zh-TW": "Kafka" },
}

/** The levels that outlive each mishap. @type {readonly (readonly Level[])[]} */
const MISHAPS = [["process", "disk", "quorum"], ["disk", "quorum"], ["quorum"]]

const KEPT = { en: "kept", "zh-TW": "保留" }
const IF_SET_UP = { en: "kept, if set up for it", "zh-TW": "設定得當才保留" }
const LOST = { en: "may be lost", "zh-TW": "可能遺失" }

/** @type {Readonly<Record<"servers" | "broker" | "nobody", Words>>} */
const LETS_GO = {
  servers: { en: "the servers, behind snapshots", "zh-TW": "伺服器，在快照之後" },
  broker: { en: "the broker's retention alone", "zh-TW": "只有 broker 自己的保留設定" },
  nobody: { en: "nobody: there is none beside the state", "zh-TW": "不適用：狀態之外沒有日誌" },
}

/** @type {Readonly<Record<Capabilities["bus"], Words>>} */
const BUSES = {
  "pub/sub": { en: "its pub/sub", "zh-TW": "它的 pub/sub" },
  log: { en: "a short-lived log of its own", "zh-TW": "它的一份短命日誌" },
  none: { en: "none is needed", "zh-TW": "不需要" },
}

/** @type {Readonly<Record<string, import("./parts.mjs").Part>>} */
export const BROKER_PARTS = {
  brokers: ({ brokers }, language) =>
    table(
      HEADS[language],
      brokers.map(({ name, capabilities: { levels, trims, bus } }) => [
        nameOf(name)[language],
        levels.map((level) => `\`${level}\``).join(language === "en" ? ", " : "、"),
        ...MISHAPS.map((outliving) => fate(levels, outliving)[language]),
        LETS_GO[trims ? "servers" : bus === "none" ? "nobody" : "broker"][language],
        BUSES[bus][language],
      ]),
    ),
}

/** What becomes of what was acknowledged. @param {readonly Level[]} levels @param {readonly Level[]} outliving */
function fate(levels, outliving) {
  if (levels.every((level) => outliving.includes(level))) return KEPT
  return levels.some((level) => outliving.includes(level)) ? IF_SET_UP : LOST
}

function nameOf(/** @type {string} */ name) {
  const words = NAMES[name]
  if (words === undefined) throw new Error(`scripts/docs/brokers.mjs does not name "${name}"`)
  return words
}
