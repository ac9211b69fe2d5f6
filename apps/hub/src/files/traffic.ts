import { toPlace } from '@cygnet/auth/attempts'
import { createBoundedByKey } from '@cygnet/core/bounded'
import { createQuota } from '@cygnet/core/quota'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Principal } from '../principal.ts'

/** What of a call tells whose it is and when it has ended. */
export interface TrafficCall {
  principal: Principal | null
  request: FastifyRequest
  reply: FastifyReply
  readonly signal: AbortSignal
}

/** Bounds what goes on at once with files for each user, link and stranger, answers that are not taken included. */
export interface Traffic {
  /**
   * Counts a call until its answer is out or its client has left.
   * @throws CygnetError `rate-limited`, or the signal's reason
   */
  enter(call: TrafficCall): void
  /** Counts a call for a link too. */
  enterLink(call: TrafficCall, linkId: string): void
  /** Waits until few enough of the caller's long answers, which are made whole before they are sent, are under way. */
  enterLong(call: TrafficCall): Promise<void>
}

/** Downloads that are not read keep half a megabyte each; a browser has six connections. */
const mostOfUser = 32
/** A whole school may be behind one address. */
const mostOfAddress = 64
/** Of all strangers together, so that one who reads nothing does not close the link for the others. */
const mostOfLink = 256
/** A listing of fifty thousand files takes tens of megabytes. */
const mostLong = 4

export function createTraffic(): Traffic {
  const users = createQuota({ most: mostOfUser, refusal: 'You are doing too much with files at once.' })
  const strangers = createQuota({
    most: mostOfAddress,
    refusal: 'Too much is being done with files from your network address at once.',
  })
  const links = createQuota({ most: mostOfLink, refusal: 'Too many people use this link at once.' })
  const long = createBoundedByKey({
    running: mostLong,
    waiting: mostOfUser,
    refusal: 'Too many folders are being listed for you at once.',
  })

  return {
    enter(call) {
      call.signal.throwIfAborted()
      const { principal } = call
      if (principal?.kind === 'local-admin') return
      const place = principal === null ? strangers(toPlace(call.request.ip)) : users(principal.user.name)
      whenEnded(call, () => place[Symbol.dispose]())
    },
    enterLink(call, linkId) {
      call.signal.throwIfAborted()
      const place = links(linkId)
      whenEnded(call, () => place[Symbol.dispose]())
    },
    async enterLong(call) {
      const { principal, request, signal } = call
      signal.throwIfAborted()
      // No user's name has a space.
      const key = principal === null ? `stranger ${toPlace(request.ip)}` : principal.user.name
      const entered = Promise.withResolvers<void>()
      const ended = Promise.withResolvers<void>()
      whenEnded(call, ended.resolve)
      const stay = async (): Promise<void> => {
        entered.resolve()
        await ended.promise
      }
      long(key, stay, signal).catch(entered.reject)
      await entered.promise
    },
  }
}

function whenEnded({ reply }: TrafficCall, end: () => void): void {
  reply.raw.once('close', end)
}
