/** A mounted cgroup hierarchy. */
export interface CgroupMount {
  path: string
  type: 'cgroup' | 'cgroup2'
  /** Version 1 only. */
  controllers: string[]
}

/** The cgroup hierarchies in the text of `/proc/self/mountinfo`; its format is described in proc(5). */
export function parseMounts(text: string): CgroupMount[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ')
    const [type, , options = ''] = after.split(' ')
    const path = before.split(' ')[4]
    if (path === undefined || (type !== 'cgroup' && type !== 'cgroup2')) return []
    return [{ path: unescape(path), type, controllers: type === 'cgroup' ? options.split(',') : [] }]
  })
}

function unescape(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}
