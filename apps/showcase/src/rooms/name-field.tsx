import { useStore } from "@magpie/frame"
import { useId, useState } from "react"
import { useConnection } from "../connection/connection-context.ts"
import { MAX_NAME_LENGTH } from "../identity.ts"
import { useLanguage } from "../language/language.ts"

export function NameField() {
  const { words } = useLanguage()
  const { me } = useConnection()
  const name = useStore(me.name)
  const [draft, setDraft] = useState<string | undefined>(undefined)
  const id = useId()

  const keep = () => {
    const wanted = draft?.trim()
    if (wanted) me.name.update(() => wanted)
    setDraft(undefined)
  }

  return (
    <div className="name-field">
      <label htmlFor={id}>{words.rooms.you}</label>
      <input
        id={id}
        className="input"
        maxLength={MAX_NAME_LENGTH}
        autoComplete="nickname"
        value={draft ?? name}
        onChange={(event) => setDraft(event.target.value)}
        onBlur={keep}
        onKeyDown={(event) => event.key === "Enter" && !event.nativeEvent.isComposing && event.currentTarget.blur()}
      />
      {me.guest && <p className="field-note">{words.rooms.guest}</p>}
    </div>
  )
}
