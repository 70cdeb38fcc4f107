export {
  type DocumentEvents,
  type DocumentState,
  type OpenDocumentOptions,
  openDocument,
  type SharedDocument,
} from "./open-document.ts"
