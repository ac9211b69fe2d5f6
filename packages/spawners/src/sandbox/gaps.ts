import type { CygnetError } from '@cygnet/core/errors'
import type { IsolationGap } from '../spawner.ts'

type Limit = 'memory' | 'cpu' | 'processes'

/** @param why - a sentence */
export function sharedNetworkGap(why: string, mend: string | undefined): IsolationGap {
  return {
    kind: 'network',
    message:
      `Sessions share this machine’s network: ${why} So they reach all that listens on its loopback, such as databases and ` +
      'services that trust whoever comes from there; they reach each other’s ports, what users start in a terminal among them; what ' +
      'they listen on themselves is open to whoever reaches this machine; and in a cloud they reach its metadata service, which ' +
      'hands out the machine’s own credentials.',
    mend: mend ?? 'Set sandbox.network to auto, or to private to start with nothing less.',
  }
}

export function failedNetworkGap({ message, mend }: CygnetError): IsolationGap {
  return sharedNetworkGap(/[.!?]$/.test(message) ? message : `${message}.`, mend)
}

/** @param why - a sentence */
export function metadataGap(why: string, mend: string): IsolationGap {
  const reached = 'in a cloud, sessions reach its metadata service, which hands out the machine’s own credentials.'
  return { kind: 'metadata', message: `${why} So, ${reached}`, mend }
}

/** @param isOff - whether they were given up by configuration */
export function limitsGap(missing: Limit[], isOff: boolean): IsolationGap {
  const words = { memory: 'memory', cpu: 'processors', processes: 'number of processes' }
  const what = new Intl.ListFormat('en').format(missing.map((limit) => words[limit]))
  const why = isOff ? 'sandbox.limits is off' : 'no cgroup with the controllers can be written'
  return {
    kind: 'limits',
    message: `A session's ${what} cannot be limited: ${why}. So one session can take what all others and the service itself need.`,
    mend: isOff
      ? 'Set sandbox.limits to auto, or to required to start with nothing less.'
      : 'Run the service as root, or where systemd delegates the controllers to it (Delegate=yes).',
  }
}

export function systemCallsGap(architecture: string): IsolationGap {
  return {
    kind: 'system-calls',
    message: `System calls of sessions are not filtered: there is no filter for ${architecture}. So more of the kernel, and of its faults, is in their reach.`,
  }
}

export function usersGap(): IsolationGap {
  return {
    kind: 'users',
    message:
      'All sessions run as one user of this machine, the service’s own: it is not root. So nothing but the sandbox keeps users’ files ' +
      'and processes apart, and who breaks out of one has all of them and the service.',
    mend: 'Run the service as root: each user gets a uid then.',
  }
}
