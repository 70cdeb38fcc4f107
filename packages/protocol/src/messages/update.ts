import { type Infer, object, text } from "../shape.ts"

/** The name under which the edits of a document are published and stand in its log. No message of a contract can have it. */
export const UPDATE = "$update"

/** Both ways, as the data of a message of the name `$update`: an update of Yjs, version 1 of its encoding, in Base64. */
export const updateData = object({ update: text(2 ** 24) })
export type UpdateData = Infer<typeof updateData>
