/** A file that is being sent, kept on this device so that a reload goes on with it. */
export interface KeptFile {
  readonly upload: string
  readonly title: string
  readonly blob: Blob
}

export interface KeptFiles {
  all(): Promise<readonly KeptFile[]>
  put(file: KeptFile): Promise<void>
  remove(upload: string): Promise<void>
}

/** In the browser's own cache of responses: it takes files of any size. */
export function keptFiles(name: string): KeptFiles {
  const open = (): Promise<Cache> => caches.open(name)
  const read = async (response: Response): Promise<KeptFile> => {
    const of = (header: string): string => decodeURIComponent(response.headers.get(header) ?? "")
    return { upload: of("upload"), title: of("title"), blob: await response.blob() }
  }
  return {
    all: async () => Promise.all((await (await open()).matchAll()).map(read)),
    put: async ({ upload, title, blob }) =>
      (await open()).put(`/${upload}`, new Response(blob, { headers: { upload, title: encodeURIComponent(title) } })),
    remove: async (upload) => void (await (await open()).delete(`/${upload}`)),
  }
}
