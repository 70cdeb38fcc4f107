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

const TITLE = "title"

/** In the browser's own cache of responses: it takes files of any size. */
export function keptFiles(name: string): KeptFiles {
  const open = (): Promise<Cache> => caches.open(name)
  return {
    async all() {
      const cache = await open()
      const files: KeptFile[] = []
      for (const request of await cache.keys()) {
        const response = await cache.match(request)
        const title = decodeURIComponent(response?.headers.get(TITLE) ?? "")
        if (response) files.push({ upload: request.url.replace(/.*\//, ""), title, blob: await response.blob() })
      }
      return files
    },
    put: async ({ upload, title, blob }) =>
      (await open()).put(`/${upload}`, new Response(blob, { headers: { [TITLE]: encodeURIComponent(title) } })),
    remove: async (upload) => void (await (await open()).delete(`/${upload}`)),
  }
}
