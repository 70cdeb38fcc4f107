import type { Client } from "@magpie/client"
import { type DocumentStore, openDocument } from "@magpie/client/document"
import { contract, document } from "@magpie/protocol"
import { anonymous, type User } from "@magpie/server/core"
import { createTestBed, type TestBed, type TestBedOptions } from "@magpie/testing"

export const notes = contract({ "note/:id": document() })
export type Notes = typeof notes
export type NotesBed = TestBed<Notes, User>

/** Everybody may read and edit, unless a test says otherwise. */
export function startNotes(options: Partial<TestBedOptions<Notes, User>> = {}): Promise<NotesBed> {
  return createTestBed(notes, { auth: anonymous(), ...options, rules: { "note/:id": { authorize: () => true }, ...options.rules } })
}

/** A note as an editor has it open: its text, and what was told of whether it is saved. */
export function openNote(client: Client<Notes>, name: `note/${string}` = "note/a", store?: DocumentStore) {
  const errors: string[] = []
  client.on("error", ({ code }) => errors.push(code))
  const opened = openDocument(client.channel(name), store === undefined ? {} : { store })
  const text = opened.doc.getText("text")
  const told: boolean[] = []
  opened.on("saved", (saved) => told.push(saved))
  return {
    opened,
    told,
    errors,
    write: (words: string, at = text.length) => text.insert(at, words),
    cut: (at: number, length: number) => text.delete(at, length),
    read: () => text.toString(),
    isLive: () => opened.state.state === "live",
    isSaved: () => opened.saved,
  }
}
export type Note = ReturnType<typeof openNote>
