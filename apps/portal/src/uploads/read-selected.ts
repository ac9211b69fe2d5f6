import type { Selected } from './upload.ts'

/** The files of an input; those of a chosen folder with their paths in it. */
export function readInput(list: FileList | null): Selected {
  const files = [...(list ?? [])].map((file) => ({
    path: file.webkitRelativePath === '' ? file.name : file.webkitRelativePath,
    file,
  }))
  return { files, emptyFolders: [] }
}

/** What was dropped, folders with everything in them. To be called within the drop event. */
export async function readDropped(data: DataTransfer): Promise<Selected> {
  // The browser forgets the items once the event is over.
  const entries = [...data.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null)
  if (entries.length === 0) return readInput(data.files)
  const selected: Selected = { files: [], emptyFolders: [] }
  for (const entry of entries) await readEntry(entry, '', selected)
  return selected
}

async function readEntry(entry: FileSystemEntry, above: string, into: Selected): Promise<void> {
  const path = above === '' ? entry.name : `${above}/${entry.name}`
  if (isFile(entry)) {
    into.files.push({ path, file: await new Promise<File>((resolve, reject) => entry.file(resolve, reject)) })
    return
  }
  const children = await readFolder(entry as FileSystemDirectoryEntry)
  if (children.length === 0) into.emptyFolders.push(path)
  for (const child of children) await readEntry(child, path, into)
}

/** A reader gives a hundred at a time, and an empty list at the end. */
async function readFolder(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const all: FileSystemEntry[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (some.length === 0) return all
    all.push(...some)
  }
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile
}
