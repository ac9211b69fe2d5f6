import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What a session sees of the host's `/etc`, where it is there: libraries, certificates, fonts, time, locale, shells. */
export const hostEtc = [
  'alternatives',
  'bash.bashrc',
  'bash_completion.d',
  'ca-certificates',
  'ca-certificates.conf',
  'crypto-policies',
  'debian_version',
  'fonts',
  'gai.conf',
  'gitconfig',
  'groff',
  'host.conf',
  'inputrc',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'locale.alias',
  'localtime',
  'magic',
  'magic.mime',
  'manpath.config',
  'mime.types',
  'nanorc',
  'networks',
  'os-release',
  'perl',
  'pip.conf',
  'pki',
  'profile.d',
  'protocols',
  'python3',
  'R',
  'rpc',
  'services',
  'shells',
  'skel',
  'ssl/certs',
  'ssl/openssl.cnf',
  'terminfo',
  'texmf',
  'timezone',
  'vim',
  'wgetrc',
  'xattr.conf',
  'xdg',
] as const

export interface EtcOptions {
  user: { name: string; uid: number }
  shell: string
  hostname: string
  resolver: string
}

/** Writes the session's own files of `/etc` into a folder and returns their names. */
export async function writeEtc(folder: string, options: EtcOptions): Promise<string[]> {
  const { user, shell, hostname, resolver } = options
  const files: Record<string, string> = {
    passwd: lines([
      'root:x:0:0:root:/root:/usr/sbin/nologin',
      `${user.name}:x:${user.uid}:${user.uid}:${user.name}:/home/${user.name}:${shell}`,
      'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
    ]),
    group: lines(['root:x:0:', 'tty:x:5:', `${user.name}:x:${user.uid}:`, 'nogroup:x:65534:']),
    hostname: lines([hostname]),
    hosts: lines([
      `127.0.0.1 localhost ${hostname}`,
      `::1 localhost ip6-localhost ip6-loopback`,
      ...otherHosts(await readFile('/etc/hosts', 'utf8').catch(() => '')),
    ]),
    'nsswitch.conf': lines([
      'passwd: files',
      'group: files',
      'shadow: files',
      'hosts: files dns',
      'networks: files',
      'protocols: files',
      'services: files',
      'ethers: files',
      'rpc: files',
    ]),
    profile: toProfile(await readFile('/etc/profile', 'utf8').catch(() => '')),
    'resolv.conf': resolver,
  }
  await Promise.all(Object.entries(files).map(([name, text]) => writeForUser(join(folder, name), text)))
  return Object.keys(files)
}

/** Writes a file that the user may read wherever it is shown to them, whatever the service's umask is. */
export async function writeForUser(path: string, text: string): Promise<void> {
  await writeFile(path, text)
  await chmod(path, 0o444)
}

/** The host's, for login shells such as terminals, but for the search path, which it would set afresh: the session's own stays. */
function toProfile(text: string): string {
  return lines(['session_path=$PATH', text, 'PATH=$session_path', 'export PATH', 'unset session_path'])
}

/** The names that the administrator gave to other machines. */
function otherHosts(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '' && !/^(127\.|::1\s|fe00::|ff0)/.test(line))
}

function lines(all: string[]): string {
  return `${all.join('\n')}\n`
}
