/** One message may be so long. */
export const MAX_TEXT_LENGTH = 4_000
/** An attachment may be so large. */
export const MAX_ATTACHMENT_BYTES = 5 * 1024 * 1024
/** It travels in pieces of so many bytes; as base64 one fits well under the server's `messageBytes`. */
export const CHUNK_BYTES = 24 * 1024
export const MAX_CHUNKS = Math.ceil(MAX_ATTACHMENT_BYTES / CHUNK_BYTES)
/** So many bytes of attachments the server takes from one visitor in a day. */
export const MAX_VISITOR_UPLOAD_BYTES = 50 * 1024 * 1024
/** A canned answer is found by a name of so many letters. */
export const MAX_SHORT_NAME_LENGTH = 40
/** So many answers may stand ready. */
export const MAX_CANNED_ANSWERS = 200
/** So many places the log of them has, those of removed ones counted; then the oldest leave. */
export const KEPT_CANNED_ANSWERS = 2_000
/** So many entries the log of the queue grows by before somebody sums it up. */
export const SUM_EVERY = 500
/** So many conversations a sum has at most, in so many bytes; those that are open first. */
export const MAX_SUM_PLACES = 300
export const MAX_SUM_BYTES = 48 * 1024
