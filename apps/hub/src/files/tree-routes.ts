import { pipeline } from 'node:stream/promises'
import {
  createFolder,
  deleteEntry,
  getEntry,
  moveEntry,
  readArchive,
  readContent,
  writeContent,
  type Entry,
} from '@cygnet/contract/v1/files'
import type { SpaceEntry } from '@cygnet/storage/entry'
import type { Tree } from '@cygnet/storage/trees'
import type { RouteModule } from '../mount-route.ts'
import { toDisposition } from './disposition.ts'
import { answerBytes } from './exchange.ts'
import { findTree, type TreeFinder } from './find-tree.ts'
import { sendFile } from './send-file.ts'
import { receiveFile } from './upload.ts'

/** Everything that is done with files: at home, in what was shared, and behind a link. */
export function createTreeRoutes(finder: TreeFinder, patience: number): RouteModule {
  return (mount) => {
    mount(getEntry, async (call) => {
      const { query } = call
      const tree = await findTree(finder, call)
      const entry = await tree.space.stat(query.path)
      if (entry.kind === 'file') return toView(tree, entry)
      await finder.traffic.enterLong(call)
      // Whoever does not read the answer would keep it in memory; Node sets the time it wants once the answer is out.
      call.request.raw.socket.setTimeout(patience)
      const children = await tree.space.list(query.path, { hidden: query.hidden === '1' })
      return { ...toView(tree, entry), children: children.map((child) => toView(tree, child)) }
    })

    mount(readContent, async (call) => {
      const { query, request, reply } = call
      const tree = await findTree(finder, call)
      const cacheControl = 'private, no-cache'
      return sendFile({ request, reply, patience }, tree.space, {
        path: query.path,
        download: query.download === '1',
        cacheControl,
      })
    })

    mount(writeContent, async (call) => {
      const { query, request, reply } = call
      const tree = await findTree(finder, call)
      const entry = await receiveFile({ request, reply, patience }, tree.space, query.path, query.overwrite === '1')
      void reply.header('etag', entry.etag)
      return toView(tree, entry)
    })

    mount(readArchive, async (call) => {
      const { query, request, reply } = call
      const tree = await findTree(finder, call)
      const archive = await tree.space.archive(query.path, { hidden: query.hidden === '1' })
      const name = query.path.slice(query.path.lastIndexOf('/') + 1) || tree.title
      void reply
        .header('content-type', 'application/zip')
        .header('content-disposition', toDisposition('attachment', `${name}.zip`))
        .header('cache-control', 'private, no-store')
      try {
        return await answerBytes({ request, reply, patience }, (target) => pipeline(archive, target, { end: false }))
      } finally {
        archive.destroy()
      }
    })

    mount(createFolder, async (call) => {
      const { body } = call
      const tree = await findTree(finder, call)
      return toView(tree, await tree.space.createFolder(body.path))
    })

    mount(moveEntry, async (call) => {
      const { body } = call
      const tree = await findTree(finder, call)
      return toView(tree, await tree.space.move(body.from, body.to))
    })

    mount(deleteEntry, async (call) => {
      const { query } = call
      const tree = await findTree(finder, call)
      await tree.space.remove(query.path)
    })
  }
}

function toView(tree: Tree, entry: SpaceEntry): Entry {
  return { ...entry, modified: toTime(entry.modified), writable: tree.access === 'write' }
}

/** A file's time may lie outside of what a Date can be. */
function toTime(time: Date): string {
  return (Number.isNaN(time.getTime()) ? new Date(0) : time).toISOString()
}
