import { useStore } from "@magpie/frame"
import type { Uploads } from "../attachments/uploads.ts"
import { useWords } from "./desk-context.ts"

/** The files that are on their way, with how far they came. */
export function UploadList({ uploads }: { readonly uploads: Uploads }) {
  const words = useWords()
  return (
    <ul className="uploads">
      {useStore(uploads.view).map(({ upload, title, size, sent, failure }) => (
        <li key={upload}>
          <span>{failure === "none" ? title : `${title} ${words.uploadFailed}`}</span>
          {failure === "none" ? (
            <progress max={size} value={sent} aria-label={title} />
          ) : (
            <button type="button" className="button small" onClick={() => uploads.retry(upload)}>
              {words.again}
            </button>
          )}
          <button type="button" className="button small" onClick={() => uploads.cancel(upload)}>
            {words.cancel}
          </button>
        </li>
      ))}
    </ul>
  )
}
