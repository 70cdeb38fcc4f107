import { type FormEvent, useState } from "react"
import { MAX_TEXT_LENGTH } from "../limits.ts"
import { useWords } from "./desk-context.ts"
import type { AnswerDraft, Canned, CannedAnswer } from "./use-canned.ts"

const EMPTY: AnswerDraft = { short: "", text: "" }

interface Props {
  readonly canned: Canned
  readonly onNotice: (text: string) => void
}

/** Where agents add, change and take away the answers that stand ready for all of them. */
export function CannedEditor({ canned, onNotice }: Props) {
  const words = useWords()
  const [edited, setEdited] = useState<CannedAnswer>()
  const [draft, setDraft] = useState(EMPTY)
  const { editor } = words.canned

  function begin(answer: CannedAnswer | undefined): void {
    setEdited(answer)
    setDraft(answer ?? EMPTY)
  }
  const quietly = (done: Promise<unknown>): void => void done.catch(() => onNotice(words.canned.failed))

  function keep(event: FormEvent): void {
    event.preventDefault()
    const { short, text } = { short: draft.short.trim(), text: draft.text.trim() }
    if (short === "" || text === "") return
    quietly(edited === undefined ? canned.add({ short, text }) : canned.edit(edited, { short, text }))
    begin(undefined)
  }

  function addSamples(): void {
    for (const sample of words.canned.samples) quietly(canned.add(sample))
  }

  return (
    <section className="canned-editor" aria-label={editor}>
      <h3>{editor}</h3>
      <p className="quiet-text">{words.canned.lead}</p>
      <ul className="canned-list">
        {canned.answers.length === 0 && (
          <li>
            <button type="button" className="button small" onClick={addSamples}>
              {words.canned.begin}
            </button>
          </li>
        )}
        {canned.answers.map((answer) => (
          <li key={answer.offset}>
            <p>
              <strong>{answer.short}</strong> {answer.text}
            </p>
            <button type="button" className="button quiet small" onClick={() => begin(answer)}>
              {words.edit}
            </button>
            <button type="button" className="button quiet small" onClick={() => quietly(canned.remove(answer))}>
              {words.remove}
            </button>
          </li>
        ))}
      </ul>
      <form onSubmit={keep}>
        <input
          className="input"
          maxLength={40}
          value={draft.short}
          placeholder={words.canned.short}
          aria-label={words.canned.short}
          onChange={(event) => setDraft({ ...draft, short: event.target.value })}
        />
        <textarea
          className="input"
          rows={2}
          maxLength={MAX_TEXT_LENGTH}
          value={draft.text}
          placeholder={words.canned.text}
          aria-label={words.canned.text}
          onChange={(event) => setDraft({ ...draft, text: event.target.value })}
        />
        <button type="submit" className="button" disabled={edited === undefined && canned.isFull}>
          {edited === undefined ? words.canned.add : words.canned.save}
        </button>
        {edited !== undefined && (
          <button type="button" className="button quiet" onClick={() => begin(undefined)}>
            {words.cancel}
          </button>
        )}
      </form>
      {canned.isFull && <p className="quiet-text">{words.canned.full}</p>}
    </section>
  )
}
