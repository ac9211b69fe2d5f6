import { expect, test } from 'vitest'
import { toCygnetError, toErrorBody } from './errors.ts'

test.each([
  ['ENOSPC', 507, 'The disk is full.'],
  ['SQLITE_FULL', 507, 'The disk is full.'],
  ['EDQUOT', 507, 'The disk quota is used up.'],
  ['EMFILE', 503, 'Too many files are open at once.'],
  ['ENFILE', 503, 'Too many files are open at once.'],
  ['EIO', 503, 'The disk does not answer as it should (EIO).'],
  ['ESTALE', 503, 'The disk does not answer as it should (ESTALE).'],
  ['EROFS', 403, 'The file system is read-only.'],
  ['EACCES', 403, 'The file system does not permit this.'],
  ['SQLITE_BUSY', 503, 'Another program holds the database of the service.'],
])('%s is told as what it is, without a word on what was done before it', (code, status, message) => {
  const error = Object.assign(new Error(`${code}: of the system`), { code })
  expect(toErrorBody(toCygnetError(error))).toMatchObject({ status, message })
})
