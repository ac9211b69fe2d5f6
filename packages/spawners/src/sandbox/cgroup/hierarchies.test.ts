import { expect, test } from 'vitest'
import { parseMounts } from './hierarchies.ts'

test('the hierarchies of both versions are found among the mounts', () => {
  const text = `22 27 0:21 / /proc rw,relatime - proc proc rw
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
33 31 0:30 /docker/x /sys/fs/cgroup/cpu,cpuacct rw,nosuid master:3 - cgroup cgroup rw,cpu,cpuacct
41 31 0:38 / /sys/fs/cgroup/with\\040space rw,relatime - cgroup2 cgroup2 rw,nsdelegate
`
  expect(parseMounts(text)).toEqual([
    { path: '/sys/fs/cgroup/memory', type: 'cgroup', controllers: ['rw', 'memory'] },
    { path: '/sys/fs/cgroup/cpu,cpuacct', type: 'cgroup', controllers: ['rw', 'cpu', 'cpuacct'] },
    { path: '/sys/fs/cgroup/with space', type: 'cgroup2', controllers: [] },
  ])
  expect(parseMounts('')).toEqual([])
})
