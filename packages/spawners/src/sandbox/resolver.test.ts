import { expect, test } from 'vitest'
import { toPrivateResolver } from './resolver.ts'

test('resolvers in the network stay as they are, with what belongs to them', () => {
  const host =
    '# made by hand\nnameserver 198.51.100.53\nnameserver 2001:db8::53\nsearch lab.example\noptions edns0 ndots:2\n'
  expect(toPrivateResolver(host)).toEqual({
    text: 'nameserver 198.51.100.53\nnameserver 2001:db8::53\nsearch lab.example\noptions edns0 ndots:2\n',
    isForwarded: false,
  })
})

test.each([
  '127.0.0.53',
  '127.0.0.1',
  '::1',
  'fe80::1%eth0',
  '169.254.169.254',
  '169.254.169.253',
  '168.63.129.16',
  'fd00:ec2:0::254',
])('the resolver %s of the host itself is reached by the forwarder', (address) => {
  expect(toPrivateResolver(`nameserver ${address}\noptions edns0 trust-ad\nsearch .\n`)).toEqual({
    text: 'nameserver 192.0.2.53\noptions edns0 trust-ad\nsearch .\n',
    isForwarded: true,
  })
})

test('others beside it are kept', () => {
  expect(toPrivateResolver('nameserver 127.0.0.53\nnameserver 198.51.100.53\n').text).toBe(
    'nameserver 192.0.2.53\nnameserver 198.51.100.53\n',
  )
  expect(toPrivateResolver('nameserver 198.51.100.53\nnameserver 127.0.0.53\n')).toEqual({
    text: 'nameserver 198.51.100.53\n',
    isForwarded: false,
  })
})

test('without any, the C library would ask the loopback', () => {
  expect(toPrivateResolver('')).toEqual({ text: 'nameserver 192.0.2.53\n', isForwarded: true })
})
