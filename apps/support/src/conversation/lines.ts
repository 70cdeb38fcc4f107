import type { KeptMessage } from "@magpie/client/persistent"

export interface FileLine {
  readonly upload: string
  readonly title: string
  readonly type: string
  readonly size: number
}

/** What one row of a conversation shows. */
export interface Line {
  readonly key: string
  readonly kind: "say" | "file" | "event" | "deleted"
  /** Said by this side: the visitor in the widget, any agent at the desk. */
  readonly own: boolean
  readonly from: string | undefined
  readonly name: string
  readonly text: string
  readonly file: FileLine | undefined
  readonly at: number
  readonly edited: boolean
  readonly offset: number | undefined
  readonly mark: string | undefined
  readonly delivery: "stored" | "sending" | "failed"
}

/** What a line needs of a message, from the server or from this device. */
export interface Told {
  readonly name: string
  readonly data: unknown
  readonly from: string | undefined
  readonly at: number
  readonly ref: string | undefined
  readonly offset: number | undefined
  readonly mark: string | undefined
  readonly changed: { readonly edited?: unknown } | undefined
}

type Said = { readonly text?: string; readonly name?: string; readonly what?: string } & Partial<FileLine>

export function lineOf(told: Told, own: boolean): Line {
  const { text, name = "", what, upload = "", title = "", type = "", size = 0 } = told.data as Said
  return {
    key: told.ref ?? String(told.offset),
    kind: told.name === "$deleted" ? "deleted" : (told.name as "say" | "file" | "event"),
    own,
    from: told.from,
    name,
    text: text ?? what ?? title,
    file: told.name === "file" ? { upload, title, type, size } : undefined,
    at: told.at,
    edited: told.changed?.edited !== undefined,
    offset: told.offset,
    mark: told.mark,
    delivery: "stored",
  }
}

/** One's own that the list does not have yet. */
export function outgoingLine({ name, data, at, ref, state }: KeptMessage): Line {
  const told: Told = { name, data, from: undefined, at, ref, offset: undefined, mark: undefined, changed: undefined }
  return { ...lineOf(told, true), delivery: state === "rejected" || state === "expired" ? "failed" : "sending" }
}
