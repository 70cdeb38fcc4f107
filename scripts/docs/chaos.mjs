// What `npm run chaos` came to.
import { count, source, table } from "./markdown.mjs"

/** @typedef {import("./parts.mjs").Part} Part */
/** @typedef {import("./markdown.mjs").Language} Language */

/** @type {Readonly<Record<string, import("./markdown.mjs").Words>>} */
const CONTENDERS = {
  magpie: { en: "Magpie", "zh-TW": "Magpie" },
  "socket.io": { en: "Socket.IO as it comes", "zh-TW": "Socket.IO 預設" },
  "socket.io+recovery": { en: "Socket.IO, recovery on", "zh-TW": "Socket.IO，開啟 recovery" },
  "socket.io+retries": { en: "Socket.IO, retries on", "zh-TW": "Socket.IO，開啟 retries" },
}

const HEADS = {
  traffic: {
    en: ["", "deliveries owed", "lost", "doubled", "reordered", "at the server: lost", "handled twice", "faults that struck"],
    "zh-TW": ["", "應送達", "遺失", "重複", "亂序", "伺服器端：遺失", "處理兩次", "擊中的故障"],
  },
  kills: {
    en: ["kills", "acknowledged", "lost", "doubled", "reordered", "reopened after, p50", "p99", "longest", "log"],
    "zh-TW": ["kill 次數", "已確認", "遺失", "重複", "亂序", "重新開啟耗時 p50", "p99", "最長", "日誌"],
  },
  storm: {
    en: [
      "clients cut",
      "resumed",
      "after, p50",
      "p99",
      "longest",
      "event loop late, p99",
      "longest",
      "attempts",
      "in a second, at most",
      "second wave",
      "lost",
    ],
    "zh-TW": [
      "被切斷的客戶端",
      "已恢復",
      "耗時 p50",
      "p99",
      "最長",
      "事件迴圈延遲 p99",
      "最長",
      "連線嘗試",
      "一秒內最多",
      "第二波",
      "遺失",
    ],
  },
  stalled: {
    en: [
      "kind",
      "stalled readers",
      "rate",
      "queued for each",
      "heap for each",
      "skipped, and told",
      "others' latency p99, before",
      "during",
    ],
    "zh-TW": ["種類", "停住的讀者", "速率", "每位佇列", "每位堆積", "略過並告知", "其他人延遲 p99，之前", "期間"],
  },
  outbox: {
    en: ["kept on a disk", "stored", "lost", "doubled", "reordered", "tabs killed", "server killed", "links reset"],
    "zh-TW": ["已存入磁碟", "已儲存", "遺失", "重複", "亂序", "分頁被 kill", "伺服器被 kill", "連線重設"],
  },
  cluster: {
    en: ["", "messages", "acknowledged a second", "deliveries owed", "lost", "doubled", "reordered", "longest wait", "faults that struck"],
    "zh-TW": ["", "訊息", "每秒確認", "應送達", "遺失", "重複", "亂序", "最長等待", "擊中的故障"],
  },
}
const BROKERS = { redis: "Redis", nats: "NATS", rabbitmq: "RabbitMQ", kafka: "Kafka" }
const YES_NO = { en: ["yes", "no"], "zh-TW": ["有", "無"] }
const BROKEN = { en: "**In this run a promise was broken.** ", "zh-TW": "**這次執行中有承諾未被遵守。** " }

/** @type {Readonly<Record<string, Part>>} */
export const CHAOS_PARTS = {
  "chaos-traffic"({ figures }, language) {
    const run = figures.traffic()
    const rows = Object.entries(run.contenders).map(([name, { owed, subscribers, store, faults }]) => [
      CONTENDERS[name]?.[language] ?? name,
      count(owed),
      `${count(subscribers.lost)}${subscribers.lost > 0 ? ` (${count((subscribers.lost / owed) * 100)} %)` : ""}`,
      count(subscribers.doubled),
      count(subscribers.reordered),
      ...(store === undefined ? ["", ""] : [count(store.lost), count(store.doubled)]),
      count(faults),
    ])
    return below(table(HEADS.traffic[language], rows), run, language)
  },
  "chaos-kills"({ figures }, language) {
    const run = figures.kills()
    const { kills, acknowledged, store, subscribers, reopenMs, logBytes } = run
    const both = (/** @type {"lost" | "doubled" | "reordered"} */ what) => count(store[what] + subscribers[what])
    const row = [count(kills), count(acknowledged), both("lost"), both("doubled"), both("reordered")]
    const times = [reopenMs.p50, reopenMs.p99, reopenMs.max].map(ms)
    return below(table(HEADS.kills[language], [[...row, ...times, `${count(Math.round(logBytes / 2 ** 20))} MiB`]]), run, language)
  },
  "chaos-storm"({ figures }, language) {
    const run = figures.storm()
    const { clients, resumed, resumedMs, loopMs, attempts, waves, lost } = run
    const times = [resumedMs.p50, resumedMs.p99, resumedMs.max, loopMs.p99, loopMs.max].map(ms)
    const [yes = "", no = ""] = YES_NO[language]
    const row = [
      count(clients),
      count(resumed),
      ...times,
      count(attempts),
      count(waves.firstPeak),
      waves.secondWave ? yes : no,
      count(lost),
    ]
    return below(table(HEADS.storm[language], [row]), run, language)
  },
  "chaos-stalled"({ figures }, language) {
    const run = figures.stalled()
    const rows = run.kinds.map(({ kind, readers, megabytesPerSecond, queuedBytes, heapBytes, latencyMs, skipped }) => [
      `\`${kind}\``,
      count(readers),
      `${count(megabytesPerSecond)} MB/s`,
      kib(queuedBytes),
      kib(heapBytes / readers),
      count(skipped.stalled),
      ms(latencyMs.before),
      ms(latencyMs.during),
    ])
    return below(table(HEADS.stalled[language], rows), run, language)
  },
  "chaos-outbox"({ figures }, language) {
    const run = figures.outbox()
    const { kept, stored, store, tabKills, serverKills, resets } = run
    const row = [kept, stored, store.lost, store.doubled, store.reordered, tabKills, serverKills, resets]
    return below(table(HEADS.outbox[language], [row.map(count)]), run, language)
  },
  "chaos-cluster"({ figures }, language) {
    const run = figures.cluster()
    const rows = Object.entries(BROKERS).flatMap(([broker, title]) => {
      const its = run.brokers[broker]
      return its === undefined ? [] : [[title, ...overBroker(its)]]
    })
    return below(table(HEADS.cluster[language], rows), run, language)
  },
}

function overBroker(/** @type {import("./figures.mjs").OverBroker} */ its) {
  const both = (/** @type {"lost" | "doubled" | "reordered"} */ what) => its.subscribers[what] + its.store[what]
  const numbers = [its.words, Math.round(its.acceptedPerSecond), its.owed, both("lost"), both("doubled"), both("reordered")]
  return [...numbers.map(count), `${count(its.longestWaitMs / 1_000)} s`, count(its.faults.length)]
}

/** @param {string} rows @param {import("./figures.mjs").Scenario} run @param {Language} language */
function below(rows, run, language) {
  return `${rows}\n\n${run.held ? "" : BROKEN[language]}${source(run, run.machine, language)}`
}

const ms = (/** @type {number} */ value) => `${count(value)} ms`
const kib = (/** @type {number} */ bytes) => `${count(bytes / 1_024)} KiB`
