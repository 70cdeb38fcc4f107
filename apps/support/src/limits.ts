/** One message may be so long. */
export const MAX_TEXT_LENGTH = 4_000
/** What is quoted of a message in the queue. */
export const MAX_PREVIEW_LENGTH = 120
/** An attachment may be so large. */
export const MAX_ATTACHMENT_BYTES = 5 * 1024 * 1024
/** It travels in pieces of so many bytes; as base64 one fits well under the server's `messageBytes`. */
export const CHUNK_BYTES = 24 * 1024
export const MAX_CHUNKS = Math.ceil(MAX_ATTACHMENT_BYTES / CHUNK_BYTES)

export const previewOf = (text: string): string => text.replace(/\s+/g, " ").trim().slice(0, MAX_PREVIEW_LENGTH)
