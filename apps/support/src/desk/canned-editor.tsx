import { useState } from "react"
import { CannedForm } from "./canned-form.tsx"
import { useWords } from "./desk-context.ts"
import type { AnswerDraft, Canned, CannedAnswer } from "./use-canned.ts"

interface Props {
  readonly canned: Canned
  readonly onNotice: (text: string) => void
}

/** Where agents add, change and take away the answers that stand ready for all of them. */
export function CannedEditor({ canned, onNotice }: Props) {
  const words = useWords()
  const [edited, edit] = useState<CannedAnswer>()
  const { editor, lead, begin, full, failed, samples } = words.canned
  const quietly = (done: Promise<unknown>): void => void done.catch(() => onNotice(failed))

  function keep(draft: AnswerDraft): void {
    quietly(edited === undefined ? canned.add(draft) : canned.edit(edited, draft))
    edit(undefined)
  }

  return (
    <section className="canned-editor" aria-label={editor}>
      <h3>{editor}</h3>
      <p className="quiet-text">{canned.isFull ? full : lead}</p>
      <ul className="canned-list">
        {canned.answers.length === 0 && (
          <li>
            <button type="button" className="button small" onClick={() => quietly(Promise.all(samples.map(canned.add)))}>
              {begin}
            </button>
          </li>
        )}
        {canned.answers.map((answer) => (
          <li key={answer.offset}>
            <p>
              <strong>{answer.short}</strong> {answer.text}
            </p>
            <button type="button" className="button quiet small" onClick={() => edit(answer)}>
              {words.edit}
            </button>
            <button type="button" className="button quiet small" onClick={() => quietly(canned.remove(answer))}>
              {words.remove}
            </button>
          </li>
        ))}
      </ul>
      <CannedForm key={edited?.offset} edited={edited} isFull={canned.isFull} onKeep={keep} onCancel={() => edit(undefined)} />
    </section>
  )
}
