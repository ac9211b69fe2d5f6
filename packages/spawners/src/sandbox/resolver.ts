/** A private network answers name queries at this address (link-local, never routed) where the host's own resolver is on its loopback. */
export const forwardedResolver = '169.254.1.53'

/**
 * Where clouds tell a machine its own secrets, such as credentials of the service's account: out of a session's reach.
 * Some have their resolver at the same address.
 */
export const metadataAddresses = ['169.254.169.254', 'fd00:ec2::254'] as const

export interface Resolver {
  /** The content of the session's `/etc/resolv.conf`. */
  text: string
  /** Whether queries to {@link forwardedResolver} must be passed on to the host's resolver. */
  isForwarded: boolean
}

/**
 * Fits the host's `/etc/resolv.conf` for a session in a network of its own, where the host's loopback is out of reach.
 * A loopback resolver, such as systemd-resolved at 127.0.0.53, is reached through the network's forwarder instead.
 */
export function toPrivateResolver(hostText: string): Resolver {
  const lines = hostText.split('\n').map((line) => line.trim())
  const servers = lines.filter((line) => /^nameserver\s/.test(line))
  const reachable = servers.filter((line) => !isHidden(line.replace(/^nameserver\s+/, '')))
  const rest = lines.filter((line) => /^(search|domain|options)\s/.test(line))
  // Forwarding goes to the first resolver of the host, so it stands for that one; the reachable others stay as they are.
  const isForwarded = servers.length === 0 || servers[0] !== reachable[0]
  const all = isForwarded ? [`nameserver ${forwardedResolver}`, ...reachable] : reachable
  return { text: [...all, ...rest, ''].join('\n'), isForwarded }
}

function isHidden(address: string): boolean {
  const isLocal = address.startsWith('127.') || address === '::1' || address.startsWith('fe80:')
  return isLocal || metadataAddresses.some((one) => one === address)
}
