export {
  type DocumentEvents,
  type DocumentState,
  type OpenDocumentOptions,
  openDocument,
  type SharedDocument,
} from "./open-document.ts"
export { type DocumentStore, type StoredDocumentsOptions, storedDocuments } from "./stored-documents.ts"
