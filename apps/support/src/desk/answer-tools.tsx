import { type ChangeEvent, useRef } from "react"
import type { Uploads } from "../attachments/uploads.ts"
import { MAX_ATTACHMENT_BYTES } from "../limits.ts"
import { useWords } from "./desk-context.ts"
import type { Canned, CannedAnswer } from "./use-canned.ts"

interface Props {
  readonly canned: Canned
  readonly isEditingCanned: boolean
  readonly onEditCanned: () => void
  readonly onChoose: (answer: CannedAnswer) => void
  readonly uploads: Uploads
  readonly onNotice: (text: string) => void
}

export function AnswerTools({ canned, isEditingCanned, onEditCanned, onChoose, uploads, onNotice }: Props) {
  const words = useWords()
  const file = useRef<HTMLInputElement>(null)

  function attach({ currentTarget }: ChangeEvent<HTMLInputElement>): void {
    const [chosen] = currentTarget.files ?? []
    const megabytes = new Intl.NumberFormat(words.tag, { style: "unit", unit: "megabyte" }).format(MAX_ATTACHMENT_BYTES / 1024 / 1024)
    if (chosen !== undefined) onNotice(uploads.add(chosen) ? "" : words.tooLarge(megabytes))
    currentTarget.value = ""
  }

  return (
    <div className="answer-tools">
      <select
        className="input canned"
        value=""
        aria-label={words.canned.choose}
        onChange={(event) => {
          const chosen = canned.answers.find(({ offset }) => String(offset) === event.target.value)
          if (chosen !== undefined) onChoose(chosen)
        }}
      >
        <option value="">{words.canned.choose}</option>
        {canned.answers.map(({ offset, short }) => (
          <option key={offset} value={offset}>
            {short}
          </option>
        ))}
      </select>
      <button type="button" className="button quiet" aria-expanded={isEditingCanned} onClick={onEditCanned}>
        {words.canned.edit}
      </button>
      <button type="button" className="button quiet" onClick={() => file.current?.click()}>
        {words.attach}
      </button>
      <input ref={file} type="file" hidden onChange={attach} />
      <button type="submit" className="button primary">
        {words.send}
      </button>
    </div>
  )
}
