import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CygnetError } from '@cygnet/core/errors'
import type { Mount, ProgressStep, Spawner, StartRequest, Started } from './spawner.ts'
import { canConnect, runIn, shellServer } from './testing/shell-server.ts'

/** What the suite needs of an implementation, made anew for each test. */
export interface SpawnerBed<Handle> {
  /** Stops a server that does not end by itself within a second or so. */
  spawner: Spawner<Handle>
  /** A spawner as a later process of the service makes it, over what the earlier one left. */
  restart(): Spawner<Handle>
  /** A fitting request to run a Node.js module, given as its source, as the server of a fresh user with a home of their own. */
  request(source: string, change?: Partial<StartRequest>): Promise<StartRequest>
  /** A folder with this file in it, that belongs to another user, to be shared. */
  foreignFolder(file: string, content: string): Promise<{ root: string; path: string; ownerUid: number | null }>
  /** A file of the home as the host has it. */
  readHome(request: StartRequest, file: string): Promise<string>
  /** What is still there of any server: processes, mounts, folders, limits. */
  leftovers(): Promise<string[]>
  /** Whether memory is limited here. */
  limitsMemory: boolean
  close(): Promise<void>
}

/** The contract of {@link Spawner}, for every implementation: call it in a test file of its own. */
export function testSpawner<Handle>(title: string, createBed: () => Promise<SpawnerBed<Handle>>): void {
  describe(`${title} as a spawner`, () => {
    let bed: SpawnerBed<Handle>
    const never = new AbortController().signal

    beforeEach(async () => {
      bed = await createBed()
    })

    afterEach(async () => {
      await bed.close()
    })

    async function start(source = shellServer, change: Partial<StartRequest> = {}): Promise<Started<Handle>> {
      return bed.spawner.start(await bed.request(source, change), never, () => {})
    }

    async function startFails(request: StartRequest, signal = never): Promise<CygnetError> {
      const error: unknown = await bed.spawner
        .start(request, signal, () => {})
        .then(
          () => expect.fail('the start should have failed'),
          (thrown: unknown) => thrown,
        )
      expect(error).toBeInstanceOf(CygnetError)
      expect(await bed.leftovers()).toEqual([])
      return error as CygnetError
    }

    test('a started server answers, and its steps were reported', async () => {
      const steps: ProgressStep[] = []
      const request = await bed.request(shellServer)
      const { address, handle } = await bed.spawner.start(request, never, (step) => steps.push(step))
      expect(await runIn(address, 'echo hello')).toMatchObject({ code: 0, out: 'hello\n' })
      expect(steps.length).toBeGreaterThan(1)
      expect(steps.map(({ percent }) => percent)).toEqual(steps.map(({ percent }) => percent).toSorted((a, b) => a - b))
      for (const { message } of steps) expect(message).not.toBe('')
      expect(await bed.spawner.probe(handle)).toMatchObject({ state: 'running' })
    })

    test('it sees its environment and its home, and what it writes there stays', async () => {
      const value = `a'b"c $(id) \\ \n é`
      const request = await bed.request(shellServer, { environment: { GREETING: value } })
      const { address, handle } = await bed.spawner.start(request, never, () => {})
      expect((await runIn(address, 'printf %s "$GREETING"')).out).toBe(value)
      expect((await runIn(address, 'echo $HOME; pwd')).out).toBe(
        `/home/${request.user.name}\n/home/${request.user.name}\n`,
      )
      await runIn(address, 'echo kept > ~/note.txt')
      await bed.spawner.stop(handle, never)
      expect(await bed.readHome(request, 'note.txt')).toBe('kept\n')
    })

    test('a handle is plain JSON, with which a later process of the service goes on', async () => {
      const { address, handle } = await start()
      const later = bed.restart()
      const read = JSON.parse(JSON.stringify(handle)) as Handle
      expect(read).toEqual(handle)
      expect(await later.probe(read)).toMatchObject({ state: 'running' })
      expect((await runIn(address, 'echo still here')).out).toBe('still here\n')
      const exit = later.waitForExit(read, never)
      await later.stop(read, never)
      expect(await exit).toEqual({ state: 'exited', reason: { kind: 'stopped' } })
      expect(await bed.leftovers()).toEqual([])
    })

    test('a stopped server is asked to end and may finish its work', async () => {
      const request = await bed.request(
        `import { writeFileSync } from 'node:fs'
         process.on('SIGTERM', () => { writeFileSync(process.env.HOME + '/ended', 'in order'); process.exit(0) })
         ${shellServer}`,
      )
      const { handle } = await bed.spawner.start(request, never, () => {})
      await bed.spawner.stop(handle, never)
      expect(await bed.readHome(request, 'ended')).toBe('in order')
      expect(await bed.spawner.probe(handle)).toEqual({ state: 'exited', reason: { kind: 'stopped' } })
    })

    test('one that does not heed it is killed, and its children with it', async () => {
      const { handle, address } = await start(`process.on('SIGTERM', () => {}); ${shellServer}`)
      await runIn(address, 'trap "" TERM HUP; setsid sleep 1000 > /dev/null 2>&1 & sleep 1000 > /dev/null 2>&1 &')
      await bed.spawner.stop(handle, never)
      expect(await bed.leftovers()).toEqual([])
    })

    test('stopping twice, or at the same time, is no error', async () => {
      const { handle } = await start()
      await Promise.all([bed.spawner.stop(handle, never), bed.spawner.stop(handle, never)])
      await bed.spawner.stop(handle, never)
      await bed.restart().stop(handle, never)
      expect(await bed.spawner.probe(handle)).toMatchObject({ state: 'exited' })
      expect(await bed.restart().probe(handle)).toMatchObject({ state: 'exited' })
    })

    test('a server that ends by itself tells how', async () => {
      const { handle, address } = await start()
      const exit = bed.spawner.waitForExit(handle, never)
      await runIn(address, 'sleep 1000 & kill -TERM $PPID; sleep 1000').catch(() => {})
      expect(await exit).toEqual({ state: 'exited', reason: { kind: 'exit', code: null, signal: 'SIGTERM' } })
      expect(await bed.spawner.probe(handle)).toEqual(await exit)
      expect(await bed.leftovers()).toEqual([])

      const other = await start(`process.on('SIGUSR2', () => process.exit(7)); ${shellServer}`)
      const otherExit = bed.spawner.waitForExit(other.handle, never)
      await runIn(other.address, 'kill -USR2 $PPID').catch(() => {})
      expect(await otherExit).toEqual({ state: 'exited', reason: { kind: 'exit', code: 7, signal: null } })
    })

    test('an end that nobody saw is told to the next process of the service', async () => {
      const { handle, address } = await start(`process.on('SIGUSR2', () => process.exit(7)); ${shellServer}`)
      await runIn(address, 'kill -USR2 $PPID').catch(() => {})
      const later = bed.restart()
      await expect
        .poll(async () => later.probe(handle), { timeout: 20_000 })
        .toMatchObject({ reason: { kind: 'exit', code: 7 } })
      expect(await bed.leftovers()).toEqual([])
    })

    test('waiting for the end can be given up', async () => {
      const { handle } = await start()
      const waiting = new AbortController()
      const exit = bed.spawner.waitForExit(handle, waiting.signal)
      const reason = new Error('enough')
      waiting.abort(reason)
      await expect(exit).rejects.toBe(reason)
      await expect(bed.spawner.waitForExit(handle, AbortSignal.abort(reason))).rejects.toBe(reason)
      expect(await bed.spawner.probe(handle)).toMatchObject({ state: 'running' })
    })

    test('two servers do not touch each other', async () => {
      const [one, two] = await Promise.all([start(), start()])
      await runIn(one.address, 'echo mine > /tmp/mark')
      expect((await runIn(two.address, 'cat /tmp/mark')).code).not.toBe(0)
      await bed.spawner.stop(one.handle, never)
      expect((await runIn(two.address, 'echo alive')).out).toBe('alive\n')
    })

    test('a server that ends at once: its last words are in the error', async () => {
      const error = await startFails(await bed.request(`console.error('no \\x1b[31mlicence\\x1b[0m'); process.exit(3)`))
      expect(error.message).toContain('no licence')
      expect(error.message).toMatch(/\b3\b/)
      expect(error.code).toBe('unavailable')
    })

    test('a program that is not there is named', async () => {
      const error = await startFails(await bed.request('', { command: ['/opt/no/such-program'] }))
      expect(error.message).toContain('/opt/no/such-program')
    })

    test('a home that is not there is named', async () => {
      const request = await bed.request(shellServer)
      const error = await startFails({ ...request, home: `${request.home}-of-nobody` })
      expect(error.message).toContain(`${request.home}-of-nobody`)
      expect(error.mend).toBeDefined()
    })

    test('a server that never listens runs into the time limit', async () => {
      const request = await bed.request(`console.log('I would rather not'); setInterval(() => {}, 1000)`)
      const error = await startFails(request, AbortSignal.timeout(1500))
      expect(error.code).toBe('timeout')
    })

    test('a start can be cancelled at each of its steps', async () => {
      const steps: ProgressStep[] = []
      await bed.spawner.start(await bed.request(shellServer), never, (step) => steps.push(step))
      for (const { message } of steps) {
        const cancelling = new AbortController()
        const reason = new Error(`cancelled at ${message}`)
        const request = await bed.request(shellServer)
        const started = bed.spawner.start(request, cancelling.signal, (step) => {
          if (step.message === message) cancelling.abort(reason)
        })
        await expect(started).rejects.toBe(reason)
        const left = await bed.leftovers()
        expect(
          left.filter((one) => one.includes(request.id)),
          reason.message,
        ).toEqual([])
      }
      await expect(
        bed.spawner.start(await bed.request(shellServer), AbortSignal.abort(new Error('x')), () => {}),
      ).rejects.toThrow('x')
    })

    test('what a session asks for beyond reason is refused before anything is made', async () => {
      const request = await bed.request(shellServer)
      const wrong: Array<Partial<StartRequest>> = [
        { id: '../x' },
        { user: { ...request.user, name: '../root' } },
        { command: [] },
        { environment: { 'A B': 'c' } },
        { environment: { A: 'b\0c' } },
        { limits: { ...request.limits, cores: 0 } },
        { limits: { ...request.limits, memoryBytes: Number.NaN } },
        { limits: { ...request.limits, processes: -1 } },
      ]
      for (const change of wrong) {
        const error = await startFails({ ...request, ...change })
        expect(error.code, JSON.stringify(change)).toBe('bad-request')
      }
    })

    test('a server that uses up its memory is reported as such', async ({ skip }) => {
      if (!bed.limitsMemory) skip()
      const { handle, address } = await start(shellServer, {
        limits: { cores: 1, memoryBytes: 128 * 1024 * 1024, processes: 64 },
      })
      const status = await bed.spawner.probe(handle)
      expect(status).toMatchObject({ state: 'running', memory: { limit: 128 * 1024 * 1024 } })
      if (status.state === 'running') expect(status.memory?.used).toBeGreaterThan(1024 * 1024)
      const exit = bed.spawner.waitForExit(handle, never)
      // A child is killed first, for it is the larger one; the server itself is told to follow.
      await runIn(address, 'tail /dev/zero')
      expect(await bed.spawner.probe(handle)).toMatchObject({ state: 'running', outOfMemoryKills: 1 })
      await runIn(address, 'kill -KILL $PPID').catch(() => {})
      expect(await exit).toEqual({ state: 'exited', reason: { kind: 'out-of-memory', limit: 128 * 1024 * 1024 } })
      expect(await bed.leftovers()).toEqual([])
    })

    test('what others share is seen at the start, read-only or not', async () => {
      const folder = await bed.foreignFolder('data.csv', 'a,b\n')
      const { ownerUid, root, path } = folder
      const mounts = [
        { source: { root, path }, target: 'Shared with me/to read', readOnly: true, ownerUid },
        { source: { root, path }, target: 'Shared with me/to write', readOnly: false, ownerUid },
        { source: { root, path: `${path}/data.csv` }, target: 'Shared with me/one.csv', readOnly: true, ownerUid },
        { source: { root, path: `${path}/gone` }, target: 'Shared with me/gone', readOnly: true, ownerUid },
      ]
      const { address } = await start(shellServer, { mounts })
      const shared = 'cd ~/"Shared with me" &&'
      expect((await runIn(address, `${shared} ls`)).out).toBe('one.csv\nto read\nto write\n')
      expect((await runIn(address, `${shared} cat "to read/data.csv" one.csv`)).out).toBe('a,b\na,b\n')
      expect((await runIn(address, `${shared} touch "to read/x"`)).code).not.toBe(0)
      expect((await runIn(address, `${shared} echo 1,2 >> "to write/data.csv" && cat one.csv`)).out).toBe('a,b\n1,2\n')
      expect((await runIn(address, `${shared} touch mine`)).code).not.toBe(0)
    })

    test('what is shared changes while the server runs', async ({ skip }) => {
      const remount = async (handle: Handle, mounts: Mount[]): Promise<void> => bed.spawner.remount?.(handle, mounts)
      if (bed.spawner.remount === undefined) skip()
      const { ownerUid, root, path } = await bed.foreignFolder('data.csv', 'a,b\n')
      const { address, handle } = await start()
      const mount = (name: string, readOnly = true) => ({
        source: { root, path },
        target: `Shared with me/${name}`,
        readOnly,
        ownerUid,
      })
      const list = async (): Promise<string> => (await runIn(address, 'ls ~/"Shared with me"')).out
      await remount(handle, [mount('one'), mount('two')])
      expect(await list()).toBe('one\ntwo\n')
      await bed.restart().remount?.(handle, [mount('two', false), mount('three')])
      expect(await list()).toBe('three\ntwo\n')
      expect((await runIn(address, 'touch ~/"Shared with me/two/x"')).code).toBe(0)
      await Promise.all([remount(handle, [mount('four')]), remount(handle, [])])
      expect(await list()).toBe('')
      await bed.spawner.stop(handle, never)
      await expect(remount(handle, [mount('one')])).rejects.toMatchObject({ code: 'server-stopped' })
    })

    test('what nobody knows any more is swept away', async ({ skip }) => {
      if (bed.spawner.sweep === undefined) skip()
      const [kept, lost] = await Promise.all([start(), start()])
      const later = bed.restart()
      await later.sweep?.([kept.handle])
      expect(await later.probe(kept.handle)).toMatchObject({ state: 'running' })
      expect(await later.probe(lost.handle)).toMatchObject({ state: 'exited' })
      await later.stop(kept.handle, never)
      expect(await bed.leftovers()).toEqual([])
    })

    test('the server is reached by many at once', async () => {
      const { address } = await start()
      const answers = await Promise.all(Array.from({ length: 20 }, () => canConnect(address)))
      expect(answers.every(Boolean)).toBe(true)
    })
  })
}
