/**
 * What a log line may say of a failure in somebody's function: what it was and where it was thrown. Its message stays out,
 * because it may quote a secret or a payload [F43].
 */
export function failureFields(cause: unknown): { readonly failure: string; readonly at: string | undefined } {
  if (!(cause instanceof Error)) return { failure: typeof cause, at: undefined }
  const { name, message, stack = "" } = cause
  const frames = stack.slice(stack.indexOf(message) + message.length).split("\n")
  return { failure: name, at: frames.find((line) => line.trimStart().startsWith("at "))?.trim() }
}
