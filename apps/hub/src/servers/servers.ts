import type { Kysely } from 'kysely'
import type { Release, ServerChoice, ServerView } from '@cygnet/contract/v1/servers'
import { createBounded } from '@cygnet/core/bounded'
import { CygnetError } from '@cygnet/core/errors'
import type { Logger } from '@cygnet/core/log'
import type { Mount, Spawner } from '@cygnet/spawners/spawner'
import type { ServerState, ServerStates } from '../server-states.ts'
import type { BasePath } from '../base-path.ts'
import { toChoice, toUsualChoice, type Wish } from './choice.ts'
import type { SessionDescription } from './launch.ts'
import { toOffers, type ServerLimits } from './limits.ts'
import type { ProgressEvent } from './progress.ts'
import { createServerRecords, type ServerUser } from './records.ts'
import { Server, type ServerDeps, type ServerRoute } from './server.ts'
import type { ServerActivity } from './server-activity.ts'
import { startedElsewhere, toServerPath } from './server-path.ts'
import { createStartSlots } from './start-slots.ts'
import type { ServerTables } from './tables.ts'

export interface ServersDeps {
  /** Of the service. */
  base: BasePath
  database: Kysely<ServerTables>
  spawner: Spawner
  limits: ServerLimits
  /** What can be chosen; the first is the default. */
  releases(): Promise<Release[]>
  describeSession: (user: ServerUser, choice: ServerChoice) => Promise<SessionDescription> | SessionDescription
  /** What others share with the user now. */
  mountsOf: (user: ServerUser) => Promise<Mount[]>
  /** Told when a server begins to run or was found again; `gone` aborts when it no longer does. */
  began?: ServerDeps['began']
  /** Told when a server was last active, whenever it is asked. */
  active?: ServerDeps['active']
  /** How often the servers are asked what they do; 15 s unless said. */
  activityMilliseconds?: number
  logger: Logger
}

/** What the start form shows. */
export interface StartForm {
  releases: Release[]
  cores: number[]
  memoryGiB: number[]
  chosen: ServerChoice
}

/** The servers of all users. A user has one. */
export interface Servers extends ServerStates {
  /**
   * Finds the servers of an earlier run again, ends what it left half-done; once, before the service listens.
   * @returns how many run
   */
  restore(): Promise<number>
  /**
   * Begins a start and resolves when it is under way, also where one is already; remembers the choice.
   * @throws CygnetError `bad-request` where the wish cannot be had, or the server runs or stops
   */
  start(user: ServerUser, wish: Wish): Promise<void>
  /** Waits until a start ends, at most so long. @throws CygnetError that tells why it failed */
  settle(user: ServerUser, milliseconds: number): Promise<void>
  /** Stops it or cancels its start. Resolves once it is gone, also where it never was. */
  stop(user: ServerUser): Promise<void>
  /** The steps of a start from its beginning. @throws CygnetError `bad-request` where nothing starts, `not-found` where nothing ever did */
  watch(user: ServerUser, signal: AbortSignal): AsyncGenerator<ProgressEvent, void, undefined>
  view(user: ServerUser): Promise<ServerView>
  /** Those that are not stopped. */
  list(): Promise<Array<ServerView & { user: string }>>
  form(user: ServerUser): Promise<StartForm>
  /** Where requests go; from memory. */
  route(userName: string): ServerRoute
  /** Looks whether a server that does not answer is still there; resolves once `route` tells the truth. */
  check(userName: string): Promise<void>
  /** To be called when what is shared with a user changed; returns at once. */
  refreshMounts(userName: string): void
  /** Takes no more starts; stops all servers, or lets the running ones live on for the next run to find. */
  close(options: { servers: 'stop' | 'keep' }): Promise<void>
}

const flushMilliseconds = 60_000
/** What a server said within it is taken for what it would say now. */
const freshMilliseconds = 2000
/** Servers that are asked what they do at the same time. */
const askedAtOnce = 20
/** How long somebody who is on the way to a server waits before they are shown how its start goes on. */
const patienceMilliseconds = 1000
const neverStarted: ServerRoute = { at: 'stopped', reason: null }

export function createServers(deps: ServersDeps): Servers {
  const { base, spawner, limits, logger } = deps
  const records = createServerRecords(deps.database)
  const slots = createStartSlots(limits.concurrentStarts)
  const serverDeps: ServerDeps = {
    base,
    spawner,
    records,
    slots,
    limits,
    describeSession: deps.describeSession,
    mountsOf: deps.mountsOf,
    began: deps.began,
    active: deps.active,
    log: logger,
  }
  const byId = new Map<number, Server>()
  const byName = new Map<string, Server>()
  const removed = new Set<number>()
  const asked = createBounded({ running: askedAtOnce, waiting: Number.POSITIVE_INFINITY, refusal: '' })
  let isClosed = false
  const flushing = setInterval(() => void flush(), flushMilliseconds)
  const asking = setInterval(() => void askAll(), deps.activityMilliseconds ?? 15_000)
  flushing.unref()
  asking.unref()

  const add = (user: ServerUser, reason: string | null = null): Server => {
    const server = new Server(user, serverDeps, reason)
    byId.set(user.id, server)
    byName.set(user.name, server)
    return server
  }

  const askAll = async (): Promise<void> => {
    await Promise.all([...byId.values()].map((server) => asked(() => server.readActivity())))
  }

  const flush = async (): Promise<void> => {
    try {
      for (const server of byId.values()) await server.writeDown()
    } catch (error) {
      logger.error({ err: error }, 'The last activity of servers could not be written down.')
    }
  }

  const servers: Servers = {
    async restore() {
      for (const { user, reason } of await records.reasons()) add(user, reason)
      const unfinished = await records.unfinished()
      const known = unfinished.flatMap(({ running, spawner: name }) =>
        running === null || name !== spawner.name ? [] : [running.handle],
      )
      // What cannot be tidied must not keep the running servers from being found.
      await spawner
        .sweep?.(known)
        .catch((error: unknown) => logger.error({ err: error }, 'What an earlier run left could not be tidied.'))
      await Promise.all(unfinished.map((record) => add(record.user).adopt(record)))
      return [...byId.values()].filter((server) => server.phase.at === 'running').length
    },

    async start(user, wish) {
      byId.get(user.id)?.refuseStart()
      const choice = toChoice(wish, await records.choiceOf(user.id), limits, await deps.releases())
      if (isClosed) throw new CygnetError('unavailable', 'The service is stopping.', { retryAfter: 10 })
      if (removed.has(user.id)) throw new CygnetError('gone', `The user ${user.name} was removed.`)
      const server = byId.get(user.id) ?? add(user)
      if (server.phase.at === 'starting') return
      server.start(choice, { ...wish, ...choice })
      await records.choose(user.id, choice)
    },

    async settle(user, milliseconds) {
      const server = byId.get(user.id)
      if (server?.phase.at === 'starting') await within(server.phase.done, milliseconds)
      if (server?.phase.at === 'stopped' && server.phase.failure !== null) throw server.phase.failure
    },

    async ensureStarted(user) {
      const at = byId.get(user.id)?.phase.at ?? 'stopped'
      if (at === 'stopped') await servers.start(user, {})
      await servers.settle(user, patienceMilliseconds)
      return byId.get(user.id)?.phase.at === 'running'
    },

    stop: async (user) => byId.get(user.id)?.stop(),

    async *watch(user, signal) {
      const server = byId.get(user.id)
      if (server === undefined) throw new CygnetError('not-found', `${user.name} has no server yet.`)
      yield* server.watch(signal)
    },

    view: (user) => toView(base, user, byId.get(user.id)),

    async list() {
      const active = [...byId.values()].filter((server) => server.phase.at !== 'stopped')
      const views = await Promise.all(
        active.map(async (server) => ({ ...(await toView(base, server.user, server)), user: server.user.name })),
      )
      return views.filter((view) => view.phase !== 'stopped').toSorted((a, b) => (a.user < b.user ? -1 : 1))
    },

    async form(user) {
      const releases = await deps.releases()
      const chosen = toUsualChoice(await records.choiceOf(user.id), limits, releases)
      return { releases, cores: toOffers(limits.cores), memoryGiB: toOffers(limits.memoryGiB), chosen }
    },

    of(userId) {
      const phase = byId.get(userId)?.phase
      return phase === undefined || phase.at === 'stopped' ? null : toState(phase)
    },

    async refresh(userIds) {
      const some = userIds.map((id) => byId.get(id)).filter((server) => server !== undefined)
      await Promise.all(some.map((server) => asked(() => server.readActivity({ fresherThan: freshMilliseconds }))))
    },

    route: (userName) => byName.get(userName)?.phase ?? neverStarted,

    async check(userName) {
      await byName.get(userName)?.check()
    },

    refreshMounts: (userName) => byName.get(userName)?.refreshMounts(),

    async remove(user) {
      removed.add(user.id)
      const server = byId.get(user.id)
      await server?.stop()
      byId.delete(user.id)
      if (byName.get(user.name) === server) byName.delete(user.name)
      await records.forget(user.id)
    },

    async close({ servers: fate }) {
      isClosed = true
      clearInterval(flushing)
      clearInterval(asking)
      const all = [...byId.values()]
      const ended = await Promise.allSettled(all.map((server) => (fate === 'stop' ? server.stop() : server.release())))
      for (const result of ended)
        if (result.status === 'rejected') logger.error({ err: result.reason as Error }, 'A server could not be ended.')
    },
  }
  return servers
}

async function toView(base: BasePath, user: ServerUser, server: Server | undefined): Promise<ServerView> {
  const url = toServerPath(base, user)
  const status = server === undefined ? null : await server.check()
  const phase = server?.phase
  if (phase === undefined || phase.at === 'stopped')
    return {
      phase: 'stopped',
      since: null,
      reason: phase?.reason ?? null,
      url,
      choice: null,
      memory: null,
      activity: null,
    }
  return {
    phase: phase.at,
    since: phase.order.since.toISOString(),
    reason: server?.isElsewhere === true ? startedElsewhere : null,
    url,
    choice: phase.order.choice,
    memory: status?.state === 'running' ? status.memory : null,
    activity: phase.at === 'running' ? toActivityView(phase.activity) : null,
  }
}

function toActivityView({ last, lastInput, lastOutput, busy, connected }: ServerActivity): ServerView['activity'] {
  return {
    last: last.toISOString(),
    lastInput: lastInput?.toISOString() ?? null,
    lastOutput: lastOutput?.toISOString() ?? null,
    busy,
    connected,
  }
}

function toState(phase: Exclude<Server['phase'], { at: 'stopped' }>): ServerState {
  return {
    phase: phase.at,
    started: phase.order.since,
    lastActivity: phase.at === 'starting' ? null : phase.activity.last,
    options: phase.order.options,
  }
}

async function within(done: Promise<void>, milliseconds: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, milliseconds)
  await Promise.race([done, late])
  clearTimeout(timer)
}
