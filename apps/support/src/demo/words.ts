const english = {
  title: "A page of your own, and a way to ask",
  tagline: "Support chat",
  lead: "The button in the corner is the whole of what visitors get: one script tag, under 30 KB. Write, reload in the middle, cut the network, come back tomorrow: the conversation is there.",
  desk: "Open the agents' desk",
  deskNote: "in a second window, as Mei, Ben or Lin",
  tag: "What stands in this page",
  tries: "Worth trying",
  list: [
    "Cut the network and write. It is kept on this device and sent once, in order, when the network is back.",
    "Take one conversation from two desks at the same moment. The order of the log decides, and both desks agree.",
    "Attach a file of some megabytes and reload while it is being sent. It goes on where it was.",
    "Edit or delete what you have said, and watch the other side.",
  ],
  code: {
    contract: "What widget, desk and server agree on",
    open: "One connection, and what outlives the page",
    conversation: "One conversation: what was said, what is on its way, what was read",
  },
}

export type DemoWords = typeof english

const traditionalChinese: DemoWords = {
  title: "在您的網頁上，多一個發問的地方",
  tagline: "客服對話",
  lead: "訪客看到的就是角落那個按鈕：一個 script 標籤，不到 30 KB。寫到一半重新載入、切斷網路、明天再回來，對話都還在。",
  desk: "開啟客服工作台",
  deskNote: "用第二個視窗，以 Mei、Ben 或 Lin 的身分登入",
  tag: "這個網頁裡加了什麼",
  tries: "值得試試",
  list: [
    "切斷網路後留言。訊息會留在這台裝置上，恢復連線後依序送出，而且只送一次。",
    "用兩個工作台同時接手同一段對話。由紀錄的先後順序決定，兩邊看到的結果一致。",
    "附加一個幾 MB 的檔案，傳到一半重新載入。會從中斷的地方繼續傳。",
    "編輯或刪除說過的話，看看另一邊的變化。",
  ],
  code: {
    contract: "小工具、工作台與伺服器的共同約定",
    open: "一條連線，以及網頁關閉後仍保留的資料",
    conversation: "一段對話：說過的、正在傳送的、已讀的",
  },
}

export const DEMO_WORDS = { en: english, "zh-TW": traditionalChinese } as const
