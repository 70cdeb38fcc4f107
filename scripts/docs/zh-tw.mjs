// What the generated parts of documents say in 繁體中文. A text that is missing here fails the check.

/** @type {Readonly<Record<string, string>>} */
const TEXTS = {
  // Routes of the HTTP API
  "Publish a message": "發布一則訊息",
  "Publish several messages": "一次發布多則訊息",
  "Change a message": "變更一則訊息",
  "Read a page of a stream, or of the ledger of commands": "讀取 stream 或指令帳本的一頁歷史",
  "Call a command": "呼叫一個指令",
  "Ask that a command end": "要求一個指令結束",
  "Read how commands stand": "讀取指令目前的情形",
  "Read what a message said before": "讀取訊息先前的內容",
  "Read up to where users have read": "讀取各使用者讀到哪裡",
  "List the open connections of this server, or of all": "列出這台伺服器上的連線，或所有伺服器的",
  "Close one connection, or all of a user": "關閉一條連線，或某位使用者的所有連線",
  "List who is present on a channel": "列出頻道上有誰在場",
  "Take back what somebody came in with": "收回某人用來進入的憑證",
  Liveness: "行程是否活著",
  Readiness: "是否可以接新工作",
  "This description": "這份 API 的描述",

  // Commands
  "begin a project: contract, server, page and a test": "建立專案：contract、伺服器、網頁與測試",
  "run a server from magpie.config.ts, or an open one on this machine without it":
    "依 `magpie.config.ts` 啟動伺服器；沒有設定檔時，啟動一台只供本機使用的開放伺服器",
  "look over magpie.config.ts without serving": "檢查 `magpie.config.ts`，不啟動伺服器",
  "find out whether this machine can serve: configuration, port, limits, certificate, clock, disk":
    "檢查這台機器能否提供服務：設定、連接埠、限制、憑證、時鐘、磁碟",
  "publish a message, or one for each line of standard input": "發布一則訊息，或為標準輸入的每一行各發布一則",
  "print messages as they come": "即時印出訊息",
  "print what a stream holds": "印出 stream 的內容",
  "be a simulated device: a lamp, a thermostat or a valve": "當一個模擬裝置：電燈、恆溫器或閥門",
  "call a command of a device or of the server, and wait for its end": "呼叫裝置或伺服器的指令，並等到它結束",
  "verify the signed record of who called which command": "驗證誰呼叫了哪個指令的簽章紀錄",
  "sign a JWT for a user (HS256), for trying things out": "為使用者簽一個 JWT（HS256），供試用",
  "print what makes a shell complete this command": "印出讓 shell 補全這個指令的腳本",

  // Kinds of value in a configuration
  "what contract({ … }) gives": "`contract({ … })` 的結果",
  "who may connect: jwt({ … }), apiKeys({ … }) or anonymous()": "誰可以連線：`jwt({ … })`、`apiKeys({ … })` 或 `anonymous()`",
  "an object": "物件",
  "an object, or false": "物件，或 `false`",
  "a list of codecs, as [msgpack()]": "編解碼器清單，例如 `[msgpack()]`",
  "JSON alone": "只有 JSON",
  "codecs beside JSON that clients may choose": "JSON 以外可供客戶端選擇的編解碼器",
  "an object with certFile and keyFile, or with cert and key": "含 `certFile` 與 `keyFile`，或含 `cert` 與 `key` 的物件",
  text: "文字",
  "text or bytes in PEM": "PEM 文字或位元組",
  "a path that begins with a slash": "以斜線開頭的路徑",
  "a list of texts": "文字清單",
  '"same", "any" or a list of origins': '`"same"`、`"any"` 或 來源清單',
  "at least 32 bytes, or a list of such": "至少 32 位元組，或這樣的一份清單",
  "a function": "函式",
  "a number above 0": "大於 0 的數字",

  // What holds where a field is left out
  "all addresses": "所有位址",
  "the guide's echo at /": "指南裡位於 `/` 的 echo",
  none: "無",
  "there, for users with rights to it": "開啟，給有權限的使用者",
  "drawn at start": "啟動時隨機產生",
  "the table of limits": "限制表",
  "172,800,000 (48 hours)": "172,800,000（48 小時）",
  "1,209,600,000 (14 days)": "1,209,600,000（14 天）",

  // What the fields are about
  "the channels, shared with the clients": "頻道，與客戶端共用",
  "who is on the other side": "對方是誰",
  "the rules of each pattern of the contract: authorize, accept, rate, overflow":
    "contract 中每個 pattern 的規則：`authorize`、`accept`、`rate`、`overflow`",
  "where it listens; 0 takes a free port": "監聽的連接埠；0 表示任選一個空的",
  "the address that it listens on": "監聽的位址",
  "where streams are kept, relative to the working directory": "stream 存放的目錄，相對於工作目錄",
  "a directory of pages, relative to the configuration": "網頁所在目錄，相對於設定檔",
  "plain WebSocket endpoints by path; false leaves a path free": "一般 WebSocket 端點，以路徑為鍵；`false` 表示不占用該路徑",
  "serves https and wss": "提供 https 與 wss",
  "a file with the certificate chain in PEM, looked at again while it serves": "PEM 憑證鏈的檔案，服務期間會重新查看",
  "a file with its private key in PEM": "PEM 私鑰的檔案",
  "the certificate chain itself, instead": "改為直接給憑證鏈",
  "its private key": "它的私鑰",
  "how often the files are looked at": "多久查看一次檔案",
  "how long before its end the log says so": "到期前多久開始在日誌提醒",
  "pages that may connect: those of the server's own host, all, or these": "可以連線的網頁：伺服器自己的主機、全部，或清單上的",
  "addresses of proxies whose X-Forwarded-For is believed, and ranges as 10.0.0.0/8":
    "其 `X-Forwarded-For` 可信的代理位址，以及位址範圍，如 10.0.0.0/8",
  "where Magpie's own protocol is spoken": "Magpie 協定所在的路徑",
  "the HTTP API; false leaves it out": "HTTP API；`false` 表示不提供",
  "what stands before its paths": "所有路徑的前綴",
  "pages that may use it": "可以使用它的網頁",
  "silence after which a client is asked for a sign of life": "客戶端多久沒聲音就詢問它是否還在",
  "how long to wait for that sign": "等待回應多久",
  "how long an expired token still serves": "過期的權杖還能用多久",
  "how long a member of a channel's presence outlives a lost link": "連線斷了之後，presence 的成員還保留多久",
  "how long sequences and idempotency keys are remembered": "序號與冪等鍵記住多久",
  "what an adapter's factory gives, as redis({ … }) does": "轉接器工廠函式的回傳值，例如 `redis({ … })`",
  "a store of snapshots": "快照儲存區",
  "an audit, as auditFile({ directory })": "稽核紀錄，例如 `auditFile({ directory })`",
  "where it is written down, signed, who calls which command": "簽章記下誰呼叫哪個指令的地方",
  "this is the only server": "只有這一台伺服器",
  "the broker that carries the log of several servers": "承載多台伺服器共用日誌的broker",
  "the journal's broker": "與 journal 相同的broker",
  "carries what is not stored between the servers of a journal": "在共用 journal 的伺服器之間傳遞不儲存的內容",
  "none; the journal is trimmed by its broker alone": "無；journal 只由broker自行修剪",
  "where the servers of a journal keep snapshots": "共用 journal 的伺服器存放快照的地方",
  "the machine's name": "主機名稱",
  "names this server among those of a journal": "這台伺服器在共用 journal 的伺服器之中的名稱",
  "signs session tokens; of several the first signs and all hold; in the environment as base64, with commas between":
    "簽署 session 權杖；有多把時以第一把簽署，每一把都有效；在環境變數中以 base64 表示，以逗號分隔",
  "limits that differ from their defaults": "與預設不同的限制",
  "called with the server before it listens": "開始監聽之前，以伺服器為參數呼叫",
}

/** @param {string} text @param {import("./markdown.mjs").Language} language */
export function said(text, language) {
  return language === "en" ? text : zhTw(text)
}

/** The same in 繁體中文. Fails on a text that nobody has translated. */
function zhTw(/** @type {string} */ text) {
  const whole = /^a whole number (?:from (\d+) to (\d+)|of at least (\d+))$/.exec(text)
  if (whole !== null) return whole[3] === undefined ? `${whole[1]} 到 ${whole[2]} 的整數` : `至少 ${whole[3]} 的整數`
  if (/^["\d/]/.test(text) || text === "data") return TEXTS[text] ?? text
  const found = TEXTS[text]
  if (found === undefined) throw new Error(`scripts/docs/zh-tw.mjs does not say "${text}"`)
  return found
}
