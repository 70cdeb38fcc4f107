import { type ReactNode, useEffect, useRef } from "react"
import { Icon } from "./icon.tsx"

interface DrawerProps {
  readonly open: boolean
  readonly onClose: () => void
  readonly title: string
  readonly closeLabel: string
  readonly className: string
  /** Beside the page instead of over it, where there is room. */
  readonly besideFrom?: string
  readonly children: ReactNode
}

/** A panel from the side. Esc closes it, and focus goes back to where it came from. */
export function Drawer({ open, onClose, title, closeLabel, className, besideFrom, children }: DrawerProps) {
  const dialog = useRef<HTMLDialogElement>(null)

  useEffect(() => {
    const element = dialog.current
    if (!open || element === null) return
    const cameFrom = document.activeElement
    if (besideFrom !== undefined && matchMedia(besideFrom).matches) element.show()
    else element.showModal()
    return () => {
      element.close()
      if (cameFrom instanceof HTMLElement) cameFrom.focus()
    }
  }, [open, besideFrom])

  return (
    <dialog
      ref={dialog}
      className={`drawer ${className}`}
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return
        event.preventDefault()
        onClose()
      }}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      {open && (
        <div className="drawer-body">
          <header className="drawer-head">
            <h2>{title}</h2>
            <button type="button" className="button quiet square" onClick={onClose} aria-label={closeLabel}>
              <Icon name="close" />
            </button>
          </header>
          {children}
        </div>
      )}
    </dialog>
  )
}
