import { type ReactNode, useId } from "react"

interface HintProps {
  readonly text: string
  readonly className?: string
  readonly children: (describedBy: string) => ReactNode
}

/** A short explanation beside a control, shown on hover and focus, and read with it. */
export function Hint({ text, className = "", children }: HintProps) {
  const id = useId()
  return (
    <span className={`hint ${className}`}>
      {children(id)}
      <span className="hint-text" role="tooltip" id={id}>
        {text}
      </span>
    </span>
  )
}
