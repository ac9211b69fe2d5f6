import { pino, type Logger as PinoLogger } from 'pino'

export type Logger = PinoLogger
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'

/** A logger that writes JSON lines to standard error; standard output belongs to what a command prints. */
export function createLogger(level: LogLevel = 'info'): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ fd: 2, sync: true }))
}

/** A logger for tests and for commands that speak to a person. */
export function createSilentLogger(): Logger {
  return pino({ level: 'silent' })
}
