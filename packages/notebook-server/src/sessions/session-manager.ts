import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { CygnetError } from '@cygnet/core/errors'
import type { Logger } from '@cygnet/core/log'
import type { KernelManager } from '../kernels/kernel-manager.ts'
import type { KernelModel } from '../kernels/kernel-model.ts'
import { findWorkingFolder } from '../kernels/working-folder.ts'

/** Jupyter Server's model of a session: a document, or a console, tied to a kernel. */
export interface SessionModel {
  id: string
  path: string
  name: string
  /** `notebook`, `console`, `file` or what else a client says. */
  type: string
  kernel: KernelModel
  /** Only for notebooks, for old clients. */
  notebook?: { path: string; name: string }
}

export interface NewSession {
  path: string
  name: string
  type: string
  /** An existing kernel by id, or a new one by kernelspec; the default one where neither is said. */
  kernel: KernelChoice
}

export interface KernelChoice {
  id?: string | undefined
  name?: string | undefined
}

export interface SessionManager {
  list(): SessionModel[]
  /** @throws CygnetError `not-found` */
  get(id: string): SessionModel
  /** Joins the session that its path has already; else makes one, once also for requests at the same time. */
  create(request: NewSession): Promise<SessionModel>
  /** A kernel that no session has any more after that is shut down. */
  change(id: string, changes: Partial<NewSession>): Promise<SessionModel>
  /** Shuts its kernel down, too. @throws CygnetError `not-found`, or `gone` where the kernel was ended before */
  remove(id: string): Promise<void>
}

interface Session {
  id: string
  path: string
  name: string
  type: string
  kernelId: string
}

export function createSessionManager(options: { kernels: KernelManager; logger: Logger }): SessionManager {
  const { kernels, logger } = options
  const sessions = new Map<string, Session>()
  const creating = new Map<string, Promise<SessionModel>>()

  function toModel(session: Session): SessionModel {
    const { id, path, name, type } = session
    const model: SessionModel = { id, path, name, type, kernel: kernels.get(session.kernelId).toModel() }
    return type === 'notebook' ? { ...model, notebook: { path, name } } : model
  }

  function find(id: string): Session {
    const session = sessions.get(id)
    if (session === undefined) throw new CygnetError('not-found', `Session not found: ${id.slice(0, 100)}`)
    return session
  }

  /** Sessions end with their kernel, whoever shut it down. */
  function living(): Session[] {
    for (const session of sessions.values()) if (!kernels.has(session.kernelId)) sessions.delete(session.id)
    return [...sessions.values()]
  }

  async function chooseKernel(choice: KernelChoice, path: string, name: string): Promise<string> {
    if (choice.id !== undefined) return kernels.get(choice.id).id
    const folder = await findWorkingFolder(kernels.root, path)
    const environment = { JPY_SESSION_NAME: join(folder, name) }
    return (await kernels.start({ name: choice.name, path, environment })).id
  }

  async function createAt(request: NewSession): Promise<SessionModel> {
    const { path, name, type } = request
    const kernelId = await chooseKernel(request.kernel, path, name)
    const session: Session = { id: randomUUID(), path, name, type, kernelId }
    sessions.set(session.id, session)
    return toModel(session)
  }

  return {
    list: () => living().map(toModel),
    get(id) {
      const session = find(id)
      if (kernels.has(session.kernelId)) return toModel(session)
      sessions.delete(id)
      return toModel(find(id))
    },
    async create(request) {
      const existing = living().find((session) => session.path === request.path)
      if (existing !== undefined) return toModel(existing)
      const pending = creating.get(request.path)
      if (pending !== undefined) return pending
      const created = createAt(request)
      creating.set(request.path, created)
      try {
        return await created
      } finally {
        creating.delete(request.path)
      }
    },
    async change(id, changes) {
      const session = find(id)
      const before = session.kernelId
      if (changes.kernel?.id !== undefined || changes.kernel?.name !== undefined) {
        const { path, name } = { ...session, ...changes }
        session.kernelId = await chooseKernel(changes.kernel, path, name)
      }
      if (changes.path !== undefined) session.path = changes.path
      if (changes.name !== undefined) session.name = changes.name
      if (changes.type !== undefined) session.type = changes.type
      const isUsed = living().some((other) => other.kernelId === before)
      if (!isUsed && kernels.has(before)) {
        await kernels.shutdown(before).catch((error: unknown) => logger.warn({ error }, 'A kernel did not end.'))
      }
      return toModel(session)
    },
    async remove(id) {
      const { kernelId } = find(id)
      sessions.delete(id)
      if (!kernels.has(kernelId)) throw new CygnetError('gone', 'Kernel deleted before session')
      await kernels.shutdown(kernelId)
    },
  }
}
