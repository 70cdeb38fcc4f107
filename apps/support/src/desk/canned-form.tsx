import { type FormEvent, useState } from "react"
import { MAX_SHORT_NAME_LENGTH, MAX_TEXT_LENGTH } from "../limits.ts"
import { useWords } from "./desk-context.ts"
import type { AnswerDraft, CannedAnswer } from "./use-canned.ts"

interface Props {
  readonly edited: CannedAnswer | undefined
  readonly isFull: boolean
  readonly onKeep: (draft: AnswerDraft) => void
  readonly onCancel: () => void
}

export function CannedForm({ edited, isFull, onKeep, onCancel }: Props) {
  const words = useWords()
  const [short, setShort] = useState(edited?.short ?? "")
  const [text, setText] = useState(edited?.text ?? "")

  function submit(event: FormEvent): void {
    event.preventDefault()
    const draft = { short: short.trim(), text: text.trim() }
    if (draft.short === "" || draft.text === "") return
    setShort("")
    setText("")
    onKeep(draft)
  }

  return (
    <form onSubmit={submit}>
      <input
        className="input"
        maxLength={MAX_SHORT_NAME_LENGTH}
        value={short}
        placeholder={words.canned.short}
        aria-label={words.canned.short}
        onChange={(event) => setShort(event.target.value)}
      />
      <textarea
        className="input"
        rows={2}
        maxLength={MAX_TEXT_LENGTH}
        value={text}
        placeholder={words.canned.text}
        aria-label={words.canned.text}
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit" className="button" disabled={edited === undefined && isFull}>
        {edited === undefined ? words.canned.add : words.canned.save}
      </button>
      {edited !== undefined && (
        <button type="button" className="button quiet" onClick={onCancel}>
          {words.cancel}
        </button>
      )}
    </form>
  )
}
