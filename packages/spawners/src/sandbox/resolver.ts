import { BlockList, isIP } from 'node:net'

/**
 * A private network answers name queries at this address where the host's own resolver is out of a session's reach. It is
 * one for documentation (RFC 5737), which belongs to nobody.
 */
export const forwardedResolver = '192.0.2.53'

/**
 * Where clouds tell a machine its own secrets, such as credentials of the service's account: out of a session's reach.
 * Some have their resolver at the same address.
 */
export const metadataAddresses = [
  // Link-local: AWS, Azure, Google and others at 169.254.169.254, AWS's containers at 169.254.170.2 and .23.
  '169.254.0.0/16',
  // Alibaba.
  '100.100.100.200/32',
  // Azure's wire server, which is its resolver, too.
  '168.63.129.16/32',
  // AWS, Google, Oracle, OpenStack.
  'fd00:ec2::254/128',
  'fd20:ce::254/128',
  'fd00:c1::a9fe:a9fe/128',
  'fe80::a9fe:a9fe/128',
] as const

const hidden = new BlockList()
for (const address of metadataAddresses) {
  const [network = '', bits] = address.split('/')
  hidden.addSubnet(network, Number(bits), familyOf(network))
}

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
  return isLocal || (isIP(address) !== 0 && hidden.check(address, familyOf(address)))
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return address.includes(':') ? 'ipv6' : 'ipv4'
}
