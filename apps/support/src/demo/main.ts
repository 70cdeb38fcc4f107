import { chosenLanguage, type LanguageTag } from "../page/language.ts"
import { applyTheme } from "../page/theme.ts"
import { h } from "../widget/element.ts"
import "../styles/tokens.css"
import "./demo.css"

const WORDS = {
  en: {
    title: "A page of your own, and a way to ask",
    lead: "The button in the corner is the whole of what visitors get: one script tag, under 30 KB. Write, reload in the middle, cut the network, come back tomorrow: the conversation is there.",
    desk: "Open the agents' desk",
    deskNote: "in a second window, as Mei, Ben or Lin",
    tag: "What stands in this page",
    tries: "Worth trying",
    list: [
      "Write while the network is off. It is kept on this device and sent once, in order, when the network is back.",
      "Take one conversation from two desks at the same moment. The order of the log decides, and both desks agree.",
      "Attach a file of some megabytes and reload while it is being sent. It goes on where it was.",
      "Edit or delete what you have said, and watch the other side.",
    ],
    other: "中文",
  },
  "zh-TW": {
    title: "在您的網頁上，多一個發問的地方",
    lead: "訪客看到的就是角落那個按鈕：一個 script 標籤，不到 30 KB。寫到一半重新載入、切斷網路、明天再回來，對話都還在。",
    desk: "開啟客服工作台",
    deskNote: "用第二個視窗，以 Mei、Ben 或 Lin 的身分登入",
    tag: "這個網頁裡加了什麼",
    tries: "值得試試",
    list: [
      "在沒有網路時留言。訊息會留在這台裝置上，恢復連線後依序送出，而且只送一次。",
      "用兩個工作台同時接手同一段對話。由紀錄的先後順序決定，兩邊看到的結果一致。",
      "附加一個幾 MB 的檔案，傳到一半重新載入。會從中斷的地方繼續傳。",
      "編輯或刪除說過的話，看看另一邊的變化。",
    ],
    other: "English",
  },
} as const

const TAG = '<script src="widget.js" async></script>'
const language = chosenLanguage.get()
const words = WORDS[language]
const other: LanguageTag = language === "en" ? "zh-TW" : "en"

applyTheme()
document.documentElement.lang = language
document
  .getElementById("page")
  ?.append(
    h(
      "header",
      {},
      h("a", { href: "../", class: "home" }, "Magpie 鵲橋"),
      h("button", { type: "button", lang: other, onclick: chooseOther }, words.other),
    ),
    h("h1", {}, words.title),
    h("p", { class: "lead" }, words.lead),
    h("p", {}, h("a", { class: "desk", href: "desk.html", target: "_blank" }, words.desk), h("span", { class: "note" }, words.deskNote)),
    h("h2", {}, words.tag),
    h("pre", { tabindex: "0" }, h("code", {}, TAG)),
    h("h2", {}, words.tries),
    h("ul", {}, ...words.list.map((line) => h("li", {}, line))),
  )

function chooseOther(): void {
  chosenLanguage.set(other)
  location.reload()
}

// What the tag does, in the page's own language and colours.
const { theme } = document.documentElement.dataset
const script = h("script", { src: "widget.js", "data-language": language, "data-theme": theme })
document.body.append(script)
