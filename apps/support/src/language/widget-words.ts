/** What the widget says. */
export interface WidgetWords {
  readonly tag: "en" | "zh-TW"
  readonly open: string
  readonly close: string
  readonly title: string
  readonly here: string
  readonly away: string
  readonly awayNote: string
  readonly welcome: string
  readonly namePlaceholder: string
  readonly placeholder: string
  readonly send: string
  readonly attach: string
  readonly older: string
  readonly loading: string
  readonly refused: string
  readonly connecting: string
  readonly offline: string
  readonly typing: string
  readonly you: string
  readonly sending: string
  readonly failed: string
  readonly again: string
  readonly sent: string
  readonly read: string
  readonly edited: string
  readonly deleted: string
  readonly edit: string
  readonly remove: string
  readonly editing: string
  readonly cancel: string
  readonly tooLarge: (max: string) => string
  readonly uploadFailed: { readonly full: string; readonly other: string }
  readonly download: string
  readonly downloadFailed: string
  readonly sound: string
  readonly transcript: string
  readonly events: { readonly joined: (name: string) => string; readonly handed: (name: string) => string; readonly closed: string }
  readonly newMessages: (count: number) => string
}

const english: WidgetWords = {
  tag: "en",
  open: "Open the chat",
  close: "Close the chat",
  title: "Ask us",
  here: "Somebody is here now",
  away: "Nobody is here now",
  awayNote: "Write all the same: the answer will be here.",
  welcome: "Hello! What can we do for you? This conversation stays here for you.",
  namePlaceholder: "Your name, if you like",
  placeholder: "Write a message",
  send: "Send",
  attach: "Attach a file",
  older: "Earlier messages",
  loading: "Loading…",
  refused: "The conversation cannot be read. Reload the page.",
  connecting: "Connecting…",
  offline: "No connection. What you write is sent later.",
  typing: "is writing…",
  you: "You",
  sending: "Sending",
  failed: "Not sent",
  again: "Try again",
  sent: "Sent",
  read: "Read",
  edited: "edited",
  deleted: "This message was deleted",
  edit: "Edit",
  remove: "Delete",
  editing: "Editing a message",
  cancel: "Cancel",
  tooLarge: (max) => `Files may have up to ${max}.`,
  uploadFailed: { full: "That is all for today; try again tomorrow.", other: "The file could not be sent." },
  download: "Save",
  downloadFailed: "The file cannot be read now.",
  sound: "Sound",
  transcript: "Save the conversation",
  events: {
    joined: (name) => `${name} is with you`,
    handed: (name) => `${name} passes you on to a colleague`,
    closed: "The conversation is closed. Write, and it goes on.",
  },
  newMessages: (count) => (count === 1 ? "1 new message" : `${count} new messages`),
}

const traditionalChinese: WidgetWords = {
  tag: "zh-TW",
  open: "開啟客服對話",
  close: "關閉客服對話",
  title: "線上客服",
  here: "客服人員在線上",
  away: "目前沒有客服人員在線上",
  awayNote: "請先留言，下次回來就能看到回覆。",
  welcome: "您好，有什麼可以幫忙的嗎？這段對話會一直保留。",
  namePlaceholder: "怎麼稱呼您（可不填）",
  placeholder: "輸入訊息",
  send: "送出",
  attach: "附加檔案",
  older: "較早的訊息",
  loading: "載入中…",
  refused: "無法讀取對話，請重新載入頁面。",
  connecting: "連線中…",
  offline: "沒有連線，恢復後會自動送出。",
  typing: "正在輸入…",
  you: "您",
  sending: "傳送中",
  failed: "未送出",
  again: "再試一次",
  sent: "已送出",
  read: "已讀",
  edited: "已編輯",
  deleted: "這則訊息已刪除",
  edit: "編輯",
  remove: "刪除",
  editing: "正在編輯訊息",
  cancel: "取消",
  tooLarge: (max) => `檔案大小上限為 ${max}。`,
  uploadFailed: { full: "今天的檔案額度已用完，請明天再試。", other: "檔案傳送失敗。" },
  download: "儲存",
  downloadFailed: "目前無法讀取這個檔案。",
  sound: "提示音",
  transcript: "儲存對話紀錄",
  events: {
    joined: (name) => `${name} 為您服務`,
    handed: (name) => `${name} 將您轉接給其他同仁`,
    closed: "對話已結束。再次留言即可繼續。",
  },
  newMessages: (count) => `${count} 則新訊息`,
}

/** The words of a language tag: 繁體中文 for every kind of Chinese, else English. */
export const widgetWordsOf = (tag: string): WidgetWords => (tag.toLowerCase().startsWith("zh") ? traditionalChinese : english)
