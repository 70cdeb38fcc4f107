/** A message of a chaos run: the publisher, its own count from 1, and a text that only this message can have. */
export interface Word {
  readonly by: number
  readonly n: number
  readonly text: string
}

export const MAX_TEXT = 8_192
const USUAL_LENGTH = 60

/** The text follows from the rest, so that a message that was mixed up or cut is noticed. */
export function word(by: number, n: number, length = USUAL_LENGTH): Word {
  return { by, n, text: textOf(by, n, length) }
}

function textOf(by: number, n: number, length: number): string {
  const unit = `${by}.${n} 鵲橋 `
  return unit.repeat(Math.ceil(length / unit.length)).slice(0, length)
}

export function isWhole({ by, n, text }: Word): boolean {
  return text === textOf(by, n, text.length)
}

/** A word as one number, because a run remembers millions of them. */
export type WordId = number

const WORDS_EACH = 2 ** 32

export function wordId({ by, n }: Pick<Word, "by" | "n">): WordId {
  return by * WORDS_EACH + n
}

export function wordOf(id: WordId): Pick<Word, "by" | "n"> {
  return { by: Math.floor(id / WORDS_EACH), n: id % WORDS_EACH }
}
