import type { Entry } from '@cygnet/contract/v1/files'
import { Button, Menu } from '@mantine/core'
import { useRef } from 'react'
import type { Tree } from '../files/tree.ts'
import { Icon } from '../ui/Icon.tsx'
import { readInput } from './read-selected.ts'
import { uploads } from './use-uploads.ts'

/** Uploads chosen files, or a chosen folder with everything in it. */
export function UploadButton({ tree, folder }: { tree: Tree; folder: Entry }) {
  const files = useRef<HTMLInputElement>(null)
  const directory = useRef<HTMLInputElement>(null)
  const take = (input: HTMLInputElement) => {
    const selected = readInput(input.files)
    if (selected.files.length > 0) void uploads.add(tree.id, folder.path, selected)
    // The same file may be chosen again.
    input.value = ''
  }
  return (
    <>
      <Menu position="bottom-end" width={190} shadow="md">
        <Menu.Target>
          <Button leftSection={<Icon name="upload" />} rightSection={<Icon name="chevronDown" size={14} />}>
            Upload
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Icon name="file" />} onClick={() => files.current?.click()}>
            Files…
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="folder" />} onClick={() => directory.current?.click()}>
            A folder…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <input
        ref={files}
        type="file"
        multiple
        hidden
        data-upload="files"
        onChange={(event) => take(event.currentTarget)}
      />
      <input
        ref={directory}
        type="file"
        multiple
        hidden
        data-upload="folder"
        webkitdirectory=""
        onChange={(event) => take(event.currentTarget)}
      />
    </>
  )
}

declare module 'react' {
  interface InputHTMLAttributes<T> {
    webkitdirectory?: string
    /** Keeps the type parameter of the interface this extends. */
    'data-input'?: T extends never ? never : string
  }
}
