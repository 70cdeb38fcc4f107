import { type FormEvent, type KeyboardEvent, useRef, useState } from "react"
import type { Line } from "../conversation/lines.ts"
import { MAX_TEXT_LENGTH } from "../limits.ts"
import { AnswerTools } from "./answer-tools.tsx"
import { CannedEditor } from "./canned-editor.tsx"
import { useDesk, useWords } from "./desk-context.ts"
import { UploadList } from "./upload-list.tsx"
import { useCanned } from "./use-canned.ts"
import { useDraft } from "./use-draft.ts"
import type { Talk } from "./use-talk.ts"

interface Props {
  readonly talk: Talk
  readonly editing: Line | undefined
  readonly onEdited: () => void
  readonly onNotice: (text: string) => void
}

/** Where an agent writes. */
export function AnswerField({ talk: { conversation, uploads }, editing, onEdited, onNotice }: Props) {
  const desk = useDesk()
  const words = useWords()
  const field = useRef<HTMLTextAreaElement>(null)
  const { text, write, clear } = useDraft(conversation, editing, field)
  const canned = useCanned()
  const [isEditingCanned, editCanned] = useState(false)

  function submit(event: FormEvent | KeyboardEvent): void {
    event.preventDefault()
    const trimmed = text.trim()
    if (trimmed === "") return
    clear()
    if (editing !== undefined) {
      if (trimmed !== editing.text) conversation.edit(editing, trimmed)
      return onEdited()
    }
    conversation.send(trimmed)
    desk.answered(conversation.visitor)
  }

  function onKey(event: KeyboardEvent): void {
    if (event.key === "Escape" && editing !== undefined) {
      clear()
      onEdited()
    }
    // While an input method composes, Enter chooses a candidate.
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) submit(event)
  }

  return (
    <>
      {isEditingCanned && <CannedEditor canned={canned} onNotice={onNotice} />}
      <form className="answer" onSubmit={submit}>
        {editing !== undefined && <p className="quiet-text">{words.editing}</p>}
        <UploadList uploads={uploads} />
        <textarea
          ref={field}
          className="input"
          rows={2}
          maxLength={MAX_TEXT_LENGTH}
          value={text}
          placeholder={words.placeholder}
          aria-label={words.placeholder}
          onChange={(event) => write(event.target.value)}
          onKeyDown={onKey}
        />
        <AnswerTools
          canned={canned}
          isEditingCanned={isEditingCanned}
          onEditCanned={() => editCanned(!isEditingCanned)}
          onChoose={(chosen) => {
            write(chosen.text)
            field.current?.focus()
          }}
          uploads={uploads}
          onNotice={onNotice}
        />
      </form>
    </>
  )
}
