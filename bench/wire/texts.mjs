/** Resolves with the first text message that the test takes; messages may share a frame, divided by line feeds. */
export function firstText(/** @type {import("../harness/link.mjs").Link} */ link, /** @type {(text: string) => boolean} */ test) {
  return /** @type {Promise<string>} */ (
    new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error("the server did not answer a greeting in 10 s")), 10_000)
      link.listen((bytes, start, end) => {
        for (const text of bytes.toString("utf8", start, end).split("\n")) {
          if (text.includes('"type":"error"')) reject(new Error(`refused: ${text}`))
          if (!test(text)) continue
          clearTimeout(late)
          resolve(text)
        }
      })
    })
  )
}

const TEXT_DIGITS = 10

/** A JSON object of so many bytes whose text begins with the number, in ten digits. */
export function numbered(/** @type {number} */ number, bytes = 200) {
  const filler = bytes - '{"text":""}'.length - TEXT_DIGITS
  return `{"text":"${String(number).padStart(TEXT_DIGITS, "0")}${FILLER.slice(0, filler)}"}`
}

const FILLER = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ ".repeat(8)
