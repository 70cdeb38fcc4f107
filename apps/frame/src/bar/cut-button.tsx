import { useConditions, useFrame } from "../frame-context.ts"
import { useLanguage } from "../language/language.ts"
import { Hint } from "../layout/hint.tsx"
import { Icon } from "../layout/icon.tsx"

export function CutButton() {
  const { words } = useLanguage()
  const { client, network } = useFrame()
  const { cut } = useConditions()

  const toggle = () => {
    network.set({ cut: !cut })
    // A machine that gets its network back does not wait out the back-off either.
    if (cut) client.connect()
  }

  return (
    <Hint text={words.network.cutHint} className="at-end">
      {(describedBy) => (
        <button type="button" className={`button cut-button${cut ? " cut" : ""}`} aria-describedby={describedBy} onClick={toggle}>
          <Icon name={cut ? "join" : "cut"} />
          {cut ? words.network.restore : words.network.cut}
        </button>
      )}
    </Hint>
  )
}
