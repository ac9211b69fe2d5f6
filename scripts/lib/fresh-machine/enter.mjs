import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { checkout } from './make.mjs'

const script = fileURLToPath(new URL('enter.sh', import.meta.url))

/** Runs a command in the machine's copy of the checkout, with nothing of this environment; resolves with its exit code. */
export async function enterMachine(machine, command, stopped) {
  stopped.throwIfAborted()
  const namespaces = ['--mount', '--pid', '--ipc', '--uts', '--fork', '--kill-child']
  const child = spawn('unshare', [...namespaces, '--', 'bash', '--norc', script, machine, checkout, ...command], {
    stdio: 'inherit',
  })
  stopped.addEventListener('abort', () => {
    // The terminal tells the command of Ctrl-C itself. Any other signal ends the machine, processes and all.
    if (stopped.reason !== 'SIGINT') child.kill('SIGKILL')
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 128))
  })
}
