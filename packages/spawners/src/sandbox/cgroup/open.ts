import type { Cgroup, CgroupRecord } from './cgroup.ts'
import { openV1 } from './v1.ts'
import { openV2 } from './v2.ts'

/** The cgroup of a session, also one that an earlier process of the service made. */
export function openCgroup(record: CgroupRecord): Cgroup {
  return record.version === 1 ? openV1(record.folders) : openV2(record.folder)
}
