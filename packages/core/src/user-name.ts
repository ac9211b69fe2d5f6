import { z } from 'zod'

/** Also the name of the home folder and a part of URLs: lower case, no separators, never `.` or `..`. */
export const userName = z
  .string()
  .max(64, 'A user name has at most 64 characters.')
  .regex(
    /^[a-z0-9](?:[a-z0-9._@-]*[a-z0-9])?$/,
    'A user name has lower-case letters, digits and . _ @ - in between, and begins and ends with a letter or digit.',
  )
