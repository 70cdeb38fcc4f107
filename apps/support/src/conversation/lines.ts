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
  const data = told.data as Said
  return {
    key: told.ref ?? String(told.offset),
    kind: told.name === "$deleted" ? "deleted" : (told.name as "say" | "file" | "event"),
    own,
    from: told.from,
    name: data.name ?? "",
    text: data.text ?? data.what ?? data.title ?? "",
    file: told.name === "file" ? fileOf(data) : undefined,
    at: told.at,
    edited: told.changed?.edited !== undefined,
    offset: told.offset,
    mark: told.mark,
    delivery: "stored",
  }
}

/** One's own that the list does not have yet. */
export function outgoingLine(kept: KeptMessage): Line {
  const data = kept.data as Said
  return {
    key: kept.ref,
    kind: kept.name as "say" | "file",
    own: true,
    from: undefined,
    name: "",
    text: data.text ?? data.title ?? "",
    file: kept.name === "file" ? fileOf(data) : undefined,
    at: kept.at,
    edited: false,
    offset: undefined,
    mark: undefined,
    delivery: kept.state === "rejected" || kept.state === "expired" ? "failed" : "sending",
  }
}

const fileOf = ({ upload = "", title = "", type = "", size = 0 }: Said): FileLine => ({ upload, title, type, size })
