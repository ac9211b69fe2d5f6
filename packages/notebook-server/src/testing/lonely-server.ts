import { once } from 'node:events'
import { openKernelSocket } from './kernel-socket.ts'
import { startNotebookApi } from './notebook-api.ts'

/** Run as a program: starts a kernel, prints its process number and its parent's as JSON, and waits to be killed. */
const api = await startNotebookApi({ withZygote: process.argv[2] === 'zygote' })
const kernel = await api.manager.start({})
const socket = await openKernelSocket(api.url, kernel.id)
const { text } = await socket.execute('import os; print(os.getpid(), os.getppid())')
const [pid, parent] = text.trim().split(' ').map(Number)
process.stdout.write(`${JSON.stringify({ pid, parent, folder: api.folder })}\n`)
await once(process, 'SIGUSR2')
