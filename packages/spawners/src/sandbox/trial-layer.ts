import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Layer } from '../spawner.ts'
import { run } from './run.ts'

/** Makes an empty layer below this folder for the time of the work. @param owner - its uid; null for the service's own */
export async function withTrialLayer(
  folder: string,
  owner: number | null,
  work: (layer: Layer) => Promise<void>,
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const trial = await mkdtemp(join(folder, '.trial-'))
  try {
    const layer = { upper: join(trial, 'upper'), work: join(trial, 'work') }
    for (const path of [layer.upper, layer.work]) {
      await mkdir(path, { mode: 0o700 })
      if (owner !== null) await chown(path, owner, owner)
    }
    await work(layer)
  } finally {
    // Where it has no rights of its own, the file system's own folder is closed to the service.
    await run('chmod', ['-R', 'u+rwX', trial])
    await rm(trial, { recursive: true, force: true })
  }
}
