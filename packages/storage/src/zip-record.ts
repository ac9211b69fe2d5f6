/** What goes into a zip file. Folders have no content; names have `/` between components. */
export interface ZipEntry {
  name: string
  modified: Date
  /** The permission bits, such as 0o644. */
  mode: number
  /** Absent for a folder. */
  content?: AsyncIterable<Uint8Array>
  /** False where compressing is a waste of time, such as for images. */
  compress: boolean
}

/** What the directory at the end needs of an entry. */
export interface ZipRecord {
  name: Buffer
  method: 0 | 8
  time: number
  date: number
  seconds: number
  attributes: number
  crc: number
  size: number
  compressed: number
  offset: number
}

export const method = { stored: 0, deflated: 8 } as const
/** Sizes follow the content; names are UTF-8. */
const flags = 0x0808
const max32 = 0xffff_ffff
const max16 = 0xffff
/** 4.5, the first with 64-bit sizes, by a Unix machine. */
const madeBy = (3 << 8) | 45

/** What is known of an entry before its content. */
export function createRecord(entry: ZipEntry, offset: number): ZipRecord {
  const folder = entry.content === undefined
  const { time, date } = toDosTime(entry.modified)
  const seconds = Math.floor(entry.modified.getTime() / 1000)
  return {
    name: Buffer.from(folder ? `${entry.name}/` : entry.name),
    method: folder || !entry.compress ? method.stored : method.deflated,
    time,
    date,
    seconds: Math.min(Math.max(seconds, -0x8000_0000), 0x7fff_ffff),
    // The upper half is Unix's mode, the lowest byte MS-DOS's: 0x10 is a folder.
    attributes: ((((folder ? 0o04_0000 : 0o10_0000) | (entry.mode & 0o777)) << 16) | (folder ? 0x10 : 0)) >>> 0,
    crc: 0,
    size: 0,
    compressed: 0,
    offset,
  }
}

/** What stands before the content; sizes and checksum are not known yet where there is any. */
export function toLocalHeader(record: ZipRecord, sizesFollow: boolean): Buffer {
  const header = Buffer.alloc(30)
  header.writeUInt32LE(0x0403_4b50, 0)
  header.writeUInt16LE(45, 4)
  header.writeUInt16LE(sizesFollow ? flags : 0x0800, 6)
  header.writeUInt16LE(record.method, 8)
  header.writeUInt16LE(record.time, 10)
  header.writeUInt16LE(record.date, 12)
  // With the 64-bit extra field, sizes in the descriptor have 64 bits.
  header.writeUInt32LE(sizesFollow ? max32 : 0, 18)
  header.writeUInt32LE(sizesFollow ? max32 : 0, 22)
  const extra = Buffer.concat([sizesFollow ? zip64Extra([0, 0]) : Buffer.alloc(0), timeExtra(record)])
  header.writeUInt16LE(record.name.length, 26)
  header.writeUInt16LE(extra.length, 28)
  return Buffer.concat([header, record.name, extra])
}

/** Checksum and sizes, behind the content. */
export function toDataDescriptor(record: ZipRecord): Buffer {
  const descriptor = Buffer.alloc(24)
  descriptor.writeUInt32LE(0x0807_4b50, 0)
  descriptor.writeUInt32LE(record.crc, 4)
  descriptor.writeBigUInt64LE(BigInt(record.compressed), 8)
  descriptor.writeBigUInt64LE(BigInt(record.size), 16)
  return descriptor
}

/** The entry in the directory at the end. */
export function toCentralHeader(record: ZipRecord): Buffer {
  const large = [record.size, record.compressed, record.offset].filter((value) => value >= max32)
  const extra = Buffer.concat([large.length > 0 ? zip64Extra(large) : Buffer.alloc(0), timeExtra(record)])
  const header = Buffer.alloc(46)
  header.writeUInt32LE(0x0201_4b50, 0)
  header.writeUInt16LE(madeBy, 4)
  header.writeUInt16LE(45, 6)
  header.writeUInt16LE(record.name.at(-1) === 0x2f ? 0x0800 : flags, 8)
  header.writeUInt16LE(record.method, 10)
  header.writeUInt16LE(record.time, 12)
  header.writeUInt16LE(record.date, 14)
  header.writeUInt32LE(record.crc, 16)
  header.writeUInt32LE(Math.min(record.compressed, max32), 20)
  header.writeUInt32LE(Math.min(record.size, max32), 24)
  header.writeUInt16LE(record.name.length, 28)
  header.writeUInt16LE(extra.length, 30)
  header.writeUInt32LE(record.attributes, 38)
  header.writeUInt32LE(Math.min(record.offset, max32), 42)
  return Buffer.concat([header, record.name, extra])
}

export function toEndOfDirectory(entries: number, start: number, size: number): Buffer {
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x0605_4b50, 0)
  end.writeUInt16LE(Math.min(entries, max16), 8)
  end.writeUInt16LE(Math.min(entries, max16), 10)
  end.writeUInt32LE(Math.min(size, max32), 12)
  end.writeUInt32LE(Math.min(start, max32), 16)
  if (entries < max16 && size < max32 && start < max32) return end
  const end64 = Buffer.alloc(76)
  end64.writeUInt32LE(0x0606_4b50, 0)
  end64.writeBigUInt64LE(44n, 4)
  end64.writeUInt16LE(madeBy, 12)
  end64.writeUInt16LE(45, 14)
  end64.writeBigUInt64LE(BigInt(entries), 24)
  end64.writeBigUInt64LE(BigInt(entries), 32)
  end64.writeBigUInt64LE(BigInt(size), 40)
  end64.writeBigUInt64LE(BigInt(start), 48)
  // The locator: where the 64-bit record is.
  end64.writeUInt32LE(0x0706_4b50, 56)
  end64.writeBigUInt64LE(BigInt(start + size), 64)
  end64.writeUInt32LE(1, 72)
  return Buffer.concat([end64, end])
}

function zip64Extra(values: number[]): Buffer {
  const extra = Buffer.alloc(4 + values.length * 8)
  extra.writeUInt16LE(0x0001, 0)
  extra.writeUInt16LE(values.length * 8, 2)
  for (const [index, value] of values.entries()) extra.writeBigUInt64LE(BigInt(value), 4 + index * 8)
  return extra
}

/** Info-ZIP's extended timestamp: seconds since 1970, without a time zone. */
function timeExtra(record: ZipRecord): Buffer {
  const extra = Buffer.alloc(9)
  extra.writeUInt16LE(0x5455, 0)
  extra.writeUInt16LE(5, 2)
  extra.writeUInt8(1, 4)
  extra.writeInt32LE(record.seconds, 5)
  return extra
}

/** Two-second steps from 1980 to 2107. */
function toDosTime(when: Date): { time: number; date: number } {
  const year = Math.min(Math.max(when.getUTCFullYear(), 1980), 2107)
  return {
    time: (when.getUTCHours() << 11) | (when.getUTCMinutes() << 5) | (when.getUTCSeconds() >> 1),
    date: ((year - 1980) << 9) | ((when.getUTCMonth() + 1) << 5) | when.getUTCDate(),
  }
}
