import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createBasePath } from '@cygnet/hub/base-path'
import { createOwnPackages } from '@cygnet/software/own-packages'
import { createHomes } from '@cygnet/storage/homes'
import { expect, onTestFinished, test } from 'vitest'
import { createSessionDescriber } from './session-program.ts'

test('no signal opens the inspector of a session’s server', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cygnet-program-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const root = join(folder, 'release')
  const describe = createSessionDescriber({
    top: folder,
    releases: [
      {
        id: 'r',
        title: '',
        description: '',
        highlights: [],
        root,
        key: 'k',
        packages: 'lib/python3/site-packages',
        target: '/software/r',
        interpreter: null,
      },
    ],
    ownPackages: createOwnPackages(join(folder, 'packages')),
    modeOf: async () => 'layer',
    sources: { environment: {}, software: [] },
    homes: createHomes({ folder: join(folder, 'homes'), ownerOf: async () => null }),
    uidOf: () => null,
    frontDoorPort: () => null,
    publicUrl: () => 'http://localhost',
    base: createBasePath(undefined),
  })
  const { command } = await describe({ id: 1, name: 'ada' }, { release: 'r', cores: 1 })
  const print = `require('node:fs').readFileSync('/proc/self/status', 'latin1')`
  const { stdout } = await promisify(execFile)(process.execPath, [...command.slice(1, -1), '-p', print])
  // The signals that it catches, a bit each, see proc_pid_status(5).
  const caught = BigInt(`0x${/^SigCgt:\s*(\w+)$/m.exec(stdout)?.[1]}`)
  expect(caught & (1n << BigInt(constants.signals.SIGUSR1 - 1))).toBe(0n)
})
