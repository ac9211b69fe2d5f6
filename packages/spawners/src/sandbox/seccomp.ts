/**
 * A filter of system calls that a session has no use for and that have let programs out of sandboxes before: namespaces and
 * mounts of its own, the kernel's keyrings, bpf, io_uring, kernel modules, pushing input into a terminal, and sockets other
 * than unix, IP and netlink (above all vsock, which no network namespace confines). What is refused answers EPERM, as if the
 * privilege were lacking; clone3, whose flags a filter cannot see, answers ENOSYS, so that the C library takes clone.
 *
 * Classic BPF, as in seccomp(2) and linux/filter.h; null for a processor whose numbers are not listed here.
 */
export function createSeccompFilter(architecture: NodeJS.Architecture): Buffer | null {
  const machine = machines[architecture]
  return machine === undefined ? null : assemble(machine)
}

interface Machine {
  /** AUDIT_ARCH_* of linux/audit.h. */
  audit: number
  clone: number
  unshare: number
  socket: number
  ioctl: number
  refused: number[]
}

const clone3 = 435
// io_uring_setup to io_uring_register, open_tree to fspick, mount_setattr, quotactl_fd, open_tree_attr.
const refusedEverywhere = [425, 426, 427, 428, 429, 430, 431, 432, 433, 442, 443, 467]

const machines: Partial<Record<NodeJS.Architecture, Machine>> = {
  // arch/x86/entry/syscalls/syscall_64.tbl: modify_ldt, pivot_root, _sysctl, acct, settimeofday, mount, umount2, swapon,
  // swapoff, reboot, sethostname, setdomainname, iopl, ioperm, init_module, delete_module, quotactl, nfsservctl, add_key,
  // request_key, keyctl, syslog, kexec_load, lookup_dcookie, perf_event_open, fanotify_init, open_by_handle_at, setns,
  // finit_module, kexec_file_load, bpf, userfaultfd.
  x64: {
    audit: 0xc000003e,
    clone: 56,
    unshare: 272,
    socket: 41,
    ioctl: 16,
    refused: [
      154, 155, 156, 163, 164, 165, 166, 167, 168, 169, 170, 171, 172, 173, 175, 176, 179, 180, 248, 249, 250, 103, 246,
      212, 298, 300, 304, 308, 313, 320, 321, 323,
    ],
  },
  // include/uapi/asm-generic/unistd.h, the same calls.
  arm64: {
    audit: 0xc00000b7,
    clone: 220,
    unshare: 97,
    socket: 198,
    ioctl: 29,
    refused: [
      41, 89, 170, 40, 39, 224, 225, 142, 161, 162, 105, 106, 60, 42, 217, 218, 219, 116, 104, 18, 241, 262, 265, 268,
      273, 294, 280, 282,
    ],
  },
}

// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET of linux/sched.h.
const newNamespace = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
const newTimeNamespace = 0x80
// AF_UNIX, AF_INET, AF_INET6, AF_NETLINK.
const families = [1, 2, 10, 16]
// TIOCSTI and TIOCLINUX of asm-generic/ioctls.h.
const terminalInjection = [0x5412, 0x541c]

const errno = { EPERM: 1, ENOSYS: 38, EAFNOSUPPORT: 97 }
const allow = 0x7fff0000
const fail = (code: number): number => 0x00050000 | code

// struct seccomp_data: the number, the architecture, the instruction pointer, then six 64-bit arguments (low half first).
const offsetOfNumber = 0
const offsetOfArchitecture = 4
const offsetOfArgument = (index: number): number => 16 + 8 * index

type Instruction = [code: number, jumpTrue: number, jumpFalse: number, value: number]

const load = (offset: number): Instruction => [0x20, 0, 0, offset]
const answer = (value: number): Instruction => [0x06, 0, 0, value]
/** Goes on with `body`, which ends in an answer, where the loaded value equals `value`; else skips it. */
const whenEqual = (value: number, body: Instruction[]): Instruction[] => [[0x15, 0, body.length, value], ...body]
const whenAnyBit = (bits: number, body: Instruction[]): Instruction[] => [[0x45, 0, body.length, bits], ...body]
const whenAtLeast = (value: number, body: Instruction[]): Instruction[] => [[0x35, 0, body.length, value], ...body]

function assemble(machine: Machine): Buffer {
  const no = answer(fail(errno.EPERM))
  const unknown = answer(fail(errno.ENOSYS))
  const program: Instruction[] = [
    load(offsetOfArchitecture),
    // The 32-bit calls of the same processor have other numbers.
    [0x15, 1, 0, machine.audit],
    unknown,
    load(offsetOfNumber),
    // x32 on x86-64.
    ...whenAtLeast(0x40000000, [unknown]),
    ...whenEqual(clone3, [unknown]),
    ...[...machine.refused, ...refusedEverywhere].flatMap((number) => whenEqual(number, [no])),
    ...whenEqual(machine.clone, [load(offsetOfArgument(0)), ...whenAnyBit(newNamespace, [no]), answer(allow)]),
    ...whenEqual(machine.unshare, [
      load(offsetOfArgument(0)),
      ...whenAnyBit(newNamespace | newTimeNamespace, [no]),
      answer(allow),
    ]),
    ...whenEqual(machine.socket, [
      load(offsetOfArgument(0)),
      ...families.flatMap((family) => whenEqual(family, [answer(allow)])),
      answer(fail(errno.EAFNOSUPPORT)),
    ]),
    ...whenEqual(machine.ioctl, [
      load(offsetOfArgument(1)),
      ...terminalInjection.flatMap((request) => whenEqual(request, [no])),
      answer(allow),
    ]),
    answer(allow),
  ]
  return Buffer.concat(program.map(encode))
}

/** struct sock_filter, in the byte order of both processors. */
function encode([code, jumpTrue, jumpFalse, value]: Instruction): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt16LE(code, 0)
  bytes.writeUInt8(jumpTrue, 2)
  bytes.writeUInt8(jumpFalse, 3)
  bytes.writeUInt32LE(value, 4)
  return bytes
}
